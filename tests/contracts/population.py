"""Every cell with every backend that does not refuse it: what the contracts run over."""

from gatebench import cell_names, load_cell
from gatebench.backends.contract import Workload
from gatebench.backends.registry import BACKENDS
from tests.gatebench.nn.layers import B, H, T

NAMES = cell_names()
SQUARE = [name for name in NAMES if load_cell(name).definitions.square]
"""Cells that need I = H."""

OTHERS = [
    (name, backend)
    for name in NAMES
    for backend in BACKENDS
    if backend != "reference" and BACKENDS[backend].refuses(load_cell(name), Workload(T, B, 3, H, "float64")) is None
]
"""Every cell with every backend that runs it, but for the reference."""

EVERY = [*((name, "reference") for name in NAMES), *OTHERS]
