"""The command `gatebench`: one module for each verb. Only this package imports Hydra and Ray."""
