"""Cells that are affine in their state: who is one, and that gates computed again are the same gates."""

import pytest
import torch

from gatebench import cell_names, load_cell
from gatebench.backends import Workload, choose, scan
from gatebench.derive.affine import scannable
from tests.backends.agree import assert_agreement

SCANS = [name for name in cell_names() if scannable(load_cell(name))]


@pytest.mark.parametrize("name", SCANS)
@pytest.mark.parametrize("I", [1, 20])
def test_agrees_with_the_reference(name: str, I: int) -> None:  # noqa: E741
    assert_agreement(scan, load_cell(name), (9, 4, I, 5), torch.float64, 1e-13, lengths=[9, 3, 1, 0])
    assert_agreement(scan, load_cell(name), (9, 4, I, 5), torch.float32, 1e-5)


def test_an_lstm_without_recurrent_connections_is_one() -> None:
    cell = load_cell("lstm")
    for gate in "ifgo":
        cell = cell.connect(gate, recurrent=None)
    assert scan.refuses(cell, Workload(9, 4, 2, 5)) is None
    assert choose("scan", cell, Workload(9, 4, 2, 5)).NAME == "scan"
    assert_agreement(scan, cell, (9, 4, 2, 5), torch.float64, 1e-13, lengths=[9, 3, 1, 0])


def test_it_says_why_a_cell_is_none() -> None:
    assert "in lstm" in (scan.refuses(load_cell("lstm"), Workload(9, 4, 2, 5)) or "")
    assert "scan runs on the CPU" in (scan.refuses(load_cell("mingru"), Workload(9, 4, 2, 5, device="cuda")) or "")
