"""Tasks whose examples are generated from a seed."""
