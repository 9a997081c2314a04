"""Every cell with every backend that does not refuse it: what the contracts run over.

The lists are made without compiling a cell. Each process that collects tests makes them, and a cell that cannot be
compiled is in them, so that its tests fail.
"""

import pytest

from gatebench import cell_names, load_cell
from gatebench.backends import fused, scan
from gatebench.backends.contract import Workload
from gatebench.backends.registry import BACKENDS
from tests.gatebench.nn.layers import B, H, T

NAMES = cell_names()
SQUARE = [name for name in NAMES if load_cell(name).definitions.square]
"""Cells that need I = H."""


def _others() -> list[tuple[str, str]]:
    work = Workload(T, B, 3, H, "float64")
    with pytest.MonkeyPatch.context() as patch:
        for backend in (fused, scan):
            patch.setattr(backend, "compile_trouble", lambda *_, **__: None)
        return [
            (name, backend)
            for name in NAMES
            for backend in BACKENDS
            if backend != "reference" and BACKENDS[backend].refuses(load_cell(name), work) is None
        ]


OTHERS = _others()
"""Every cell with every backend that runs it, but for the reference."""

EVERY = [*((name, "reference") for name in NAMES), *OTHERS]
