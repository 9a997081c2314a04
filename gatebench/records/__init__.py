"""What a run leaves behind: the home folder, the address of the records, and MLflow."""
