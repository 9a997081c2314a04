"""The names of all backends. This module does not import torch, so that commands without torch start fast."""

BACKEND_NAMES = ("scan", "fused", "native", "triton", "manual", "reference")
"""The backends, fastest first: the order in which "auto" tries them. Each is a module of this package."""

COMPILED = ("scan", "fused", "triton")
"""The backends whose code is derived from the cell's table and compiled."""

NO_BACKEND = "torch"
"""What computes an architecture that is no cell: the operations of torch. It is no name of a backend."""

AUTO = "auto"
"""The name that stands for the first of `BACKEND_NAMES` that does not refuse."""
