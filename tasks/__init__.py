"""The tasks, one a file: each declares itself without importing torch, and reads its own data when it is loaded."""
