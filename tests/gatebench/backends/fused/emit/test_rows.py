"""Cells run by rows: who is, and that δ is added up where it is computed."""

import pytest

from gatebench import cell_names, load_cell
from gatebench.backends.fused.emit.memory_layout import memory_layout
from gatebench.backends.fused.emit.rows import can_run_by_rows, rows_text
from gatebench.derive.affine import scannable


@pytest.mark.parametrize("name", cell_names())
def test_those_are_run_by_rows_in_which_nothing_but_x_is_multiplied(name: str) -> None:
    """All scans; and cells whose units see their own past only, however they do."""
    cell = load_cell(name)
    assert can_run_by_rows(memory_layout(cell.definitions, recompute=True)) == (scannable(cell) or name == "indrnn")


def test_a_cell_that_reads_x_outside_of_products_is_not() -> None:
    """A scan of cells with x as a term, and the gradient of x is more than products."""
    cell = load_cell("lstm")
    for gate in "ifgo":
        cell = cell.connect(gate, recurrent=None)
    assert can_run_by_rows(memory_layout(cell.definitions, recompute=True))
    assert not can_run_by_rows(memory_layout(load_cell("mut1").definitions, recompute=True))


def test_no_delta_is_stored() -> None:
    layout = memory_layout(load_cell("minlstm").definitions, recompute=True)
    text = rows_text(layout)
    assert "PLANE(ring" not in text
    assert text.count("sum[") > 2 * len(layout.derived.outers)
