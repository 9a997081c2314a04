"""Tasks that predict the next frame of polyphonic music."""
