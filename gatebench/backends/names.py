"""The names of all backends. This module imports no torch, so that plans and tables stay fast."""

BACKEND_NAMES = ("scan", "fused", "native", "manual", "reference")
"""The backends, the fastest first: the order in which "auto" asks them. Each is a module of this package."""

AUTO = "auto"
"""The name that stands for the first backend that does not refuse."""
