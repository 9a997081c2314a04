"""The backends: implementations of a layer of any cell. `registry` finds a backend by its name."""
