"""Ways to run a cell: exact first, then fast. `registry` finds a backend by its name."""
