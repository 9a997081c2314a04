"""The search of settings: distributions, and the draws from them. Nothing here reads a config or a record."""
