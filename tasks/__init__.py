"""The tasks, by subject. A task declares itself without importing torch, and reads its data when it is loaded."""
