"""Derivations from a cell's equations: the backward pass, scans, ranges of values, costs, printed equations."""
