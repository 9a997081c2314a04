"""Tasks that find objects in images."""
