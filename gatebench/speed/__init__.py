"""How fast a cell runs on each backend, told only where its results agree with the reference."""
