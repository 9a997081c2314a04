"""What follows from a cell's equations: the backward pass, scans, value ranges, costs, text."""
