"""Cells that are affine in their state: who is one, and that both of their ways through memory agree."""

import pytest
import torch

from gatebench import cell_names, load_cell
from gatebench.backends import Workload, choose, scan
from gatebench.backends.fused import kernel
from gatebench.backends.fused.kernel import Kernel
from gatebench.derive.affine import scannable
from tests.backends.agree import assert_agreement, draw, results

SCANS = [name for name in cell_names() if scannable(load_cell(name))]


@pytest.mark.parametrize("name", SCANS)
@pytest.mark.parametrize("shape", [(9, 4, 1, 5), (9, 4, 4, 17), (9, 4, 5, 5), (3, 4, 20, 16)])
def test_agrees_with_the_reference(name: str, shape: tuple[int, int, int, int]) -> None:
    assert_agreement(scan, load_cell(name), shape, torch.float64, 1e-13, lengths=[shape[0], 3, 1, 0])
    assert_agreement(scan, load_cell(name), shape, torch.float32, 1e-5)


@pytest.mark.parametrize("B", [1, 3, 31, 33])
def test_any_number_of_sequences(B: int) -> None:
    assert_agreement(scan, load_cell("minlstm"), (4, B, 2, 5), torch.float64, 1e-13)


@pytest.mark.parametrize("I", [1, 5])
def test_bit_for_bit_the_same_for_any_number_of_threads(I: int, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: E741
    drawn, found = draw(load_cell("mingru"), 20, 37, I, 33), []
    for threads in (1, 2, 3, 11):
        monkeypatch.setattr(Kernel, "_threads", lambda self, sizes, threads=threads: threads)
        found.append(results(scan, load_cell("mingru"), drawn, torch.float32))
    for other in found[1:]:
        assert all(torch.equal(value, other[key]) for key, value in found[0].items())


def test_what_is_too_much_for_the_caches_is_written_past_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "_FAR", 0)
    for dtype, tolerance in ((torch.float64, 1e-13), (torch.float32, 1e-5)):
        assert_agreement(scan, load_cell("minlstm"), (9, 4, 1, 5), dtype, tolerance, lengths=[9, 3, 1, 0])


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
