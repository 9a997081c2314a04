"""What the terminal shows: progress, text in columns, transfers."""
