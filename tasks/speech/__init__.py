"""Tasks on spoken words."""
