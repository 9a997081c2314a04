"""Tasks on sentences and documents."""
