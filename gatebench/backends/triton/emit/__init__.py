"""The Triton source of a cell, as text. This package imports neither torch nor Triton."""
