"""What follows from a cell's equations: counts, scans, notation, instructions."""
