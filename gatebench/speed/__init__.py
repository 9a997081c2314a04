"""Agreement first, then time: compares every candidate with the reference, and times those that agree."""
