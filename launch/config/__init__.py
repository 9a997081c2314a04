"""From the command line to a checked config: arguments, Hydra's grammar, the schema, error messages."""
