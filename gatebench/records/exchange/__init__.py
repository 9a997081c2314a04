"""Studies in archives: one zip file with the records of a study as plain JSON, and the files of its trials."""
