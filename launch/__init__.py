"""The command `gatebench`: one verb a file. Only this package imports Hydra and Ray."""
