"""Tasks that classify images read as sequences."""
