"""The output on the terminal: the progress of a sweep, text in columns, the progress of a transfer."""
