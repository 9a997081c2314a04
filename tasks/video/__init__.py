"""Tasks on videos: what moves in a sequence of frames, and how the sequence goes on."""
