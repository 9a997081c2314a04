"""Every cell's kernels, compiled for an A100 and an H100 without a GPU: they fit, and no register is spilled."""

from functools import cache

import pytest

from gatebench import cell_names, load_cell
from gatebench.backends.triton.device import KNOWN_SHARED_BYTES, is_installed
from gatebench.backends.triton.emit.plan import plan
from gatebench.backends.triton.tiles import on_chip_bytes
from tests.triton_compile import ARCHITECTURES, INPUTS, Case, compiled

pytestmark = pytest.mark.skipif(not is_installed(), reason="triton is not installed")

KERNELS = ("forward", "backward")

SPILLING = {"lstm_fgr": 150}
"""Cells with more matrices and states than registers, and the instructions of a step that spilled registers need."""


@cache
def different_cells() -> list[str]:
    """Return one name for each set of equations."""
    return list({load_cell(name).definitions.text(): name for name in cell_names()}.values())


def check(case: Case) -> None:
    found, definitions = compiled(case), load_cell(case.cell).definitions
    allowed = SPILLING.get(case.cell, 0)
    assert found.spills <= allowed, f"{case} has {found.spills} instructions for spilled registers in a step"
    assert found.registers <= 255
    assert found.shared <= KNOWN_SHARED_BYTES[case.architecture]
    if found.tile.on_chip:
        I = case.H if definitions.square else INPUTS  # noqa: E741
        assert found.shared <= on_chip_bytes(plan(definitions), case.dtype, I, case.H), "the estimate is too small"
    assert found.instructions.total() > 10, "the time loop was not found"


def test_a_cell_of_each_form_compiles() -> None:
    for cell, kernel, H in (("lstm", "forward", 20), ("gru_before", "backward", 128)):
        check(Case(cell, kernel, H, "float32", 80))


@pytest.mark.slow
@pytest.mark.parametrize("cell", different_cells())
@pytest.mark.parametrize("H", [64, 128])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_every_kernel_fits_without_spilling(cell: str, H: int, dtype: str) -> None:
    for architecture in ARCHITECTURES:
        for kernel in KERNELS:
            check(Case(cell, kernel, H, dtype, architecture))


@pytest.mark.slow
@pytest.mark.parametrize("H", [256, 512])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_the_largest_sizes_compile_and_fit(H: int, dtype: str) -> None:
    """They may spill registers, which costs time and does not change the results."""
    for cell in ("lstm", "lstm_fgr"):
        for kernel in KERNELS:
            assert compiled(Case(cell, kernel, H, dtype, 80)).shared <= KNOWN_SHARED_BYTES[80]
