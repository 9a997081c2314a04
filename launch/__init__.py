"""The command, one verb a file. The only imports of Hydra (`compose`) and of Ray (`fanout`)."""
