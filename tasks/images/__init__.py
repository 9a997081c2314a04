"""Tasks on images that are read as sequences."""
