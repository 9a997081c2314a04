"""Where the tests find the repository's own files."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
"""The root of the repository."""
