"""Cells that are affine in their state: which cells are, and the agreement of both kinds of code with the reference."""

import pytest
import torch

from gatebench import Cell, Gate, cell_names, load_cell
from gatebench.backends import scan
from gatebench.backends.contract import Workload
from gatebench.backends.fused import compiled_cell
from gatebench.backends.fused.compiled_cell import CompiledCell
from gatebench.backends.registry import choose
from gatebench.derive.affine import scannable
from tests.gatebench.backends.agree import assert_agreement, draw, results

SCANS = [name for name in cell_names() if scannable(load_cell(name))]


@pytest.mark.parametrize("name", SCANS)
@pytest.mark.parametrize("shape", [(9, 4, 1, 5), (9, 4, 4, 17), (9, 4, 5, 5), (3, 4, 20, 16)])
def test_agrees_with_the_reference(name: str, shape: tuple[int, int, int, int]) -> None:
    assert_agreement(scan, load_cell(name), shape, torch.float64, 1e-13, lengths=[shape[0], 3, 1, 0])
    assert_agreement(scan, load_cell(name), shape, torch.float32, 1e-5)


@pytest.mark.parametrize("B", [1, 3, 31, 33])
def test_agrees_for_any_number_of_sequences(B: int) -> None:
    assert_agreement(scan, load_cell("minlstm"), (4, B, 2, 5), torch.float64, 1e-13)


@pytest.mark.parametrize("I", [1, 5])
def test_bit_for_bit_the_same_for_any_number_of_threads(I: int, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: E741
    drawn, found = draw(load_cell("mingru"), 20, 37, I, 33), []
    for threads in (1, 2, 3, 11):
        monkeypatch.setattr(CompiledCell, "_threads", lambda self, sizes, threads=threads: threads)
        found.append(results(scan, load_cell("mingru"), drawn, torch.float32))
    for other in found[1:]:
        assert all(torch.equal(value, other[key]) for key, value in found[0].items())


def test_values_larger_than_the_caches_are_written_without_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled_cell, "_NON_TEMPORAL_BYTES", 0)
    for dtype, tolerance in ((torch.float64, 1e-13), (torch.float32, 1e-5)):
        assert_agreement(scan, load_cell("minlstm"), (9, 4, 1, 5), dtype, tolerance, lengths=[9, 3, 1, 0])


def test_an_lstm_without_recurrent_connections_is_affine() -> None:
    cell = load_cell("lstm")
    for gate in "ifgo":
        cell = cell.connect(gate, recurrent=None)
    work = Workload(9, 4, 2, 5, "float64")
    assert scan.refuses(cell, work) is None
    assert choose("scan", cell, work).NAME == "scan"
    assert_agreement(scan, cell, (9, 4, 2, 5), torch.float64, 1e-13, lengths=[9, 3, 1, 0])


def test_refusals_name_the_cell_or_the_device() -> None:
    assert "in lstm" in (scan.refuses(load_cell("lstm"), Workload(9, 4, 2, 5)) or "")
    assert "scan runs on the CPU" in (scan.refuses(load_cell("mingru"), Workload(9, 4, 2, 5, device="cuda")) or "")


def test_nan_in_padded_units_stays_there() -> None:
    """Units that only fill a vector register have no weights. In this cell they divide 0 by 0."""
    gates = {"f": Gate("sigmoid", recurrent=None), "n": Gate("identity", recurrent=None)}
    gates["d"] = Gate("exp", recurrent=None)
    cell = Cell("quotient", "a test", ("h",), gates, lambda h, f, n, d: (f * h + (1 - f) * n / (d - 1 / d),))
    assert_agreement(scan, cell, (6, 4, 1, 5), torch.float64, 1e-10)


def test_saturated_gates_stay_within_0_and_1() -> None:
    cell = load_cell("minlstm")
    weights, x, state = draw(cell, 4, 3, 1, 5)
    weights = {n: 300 * w for n, w in weights.items()}
    for dtype in (torch.float32, torch.float64):
        given = {n: w.to(dtype) for n, w in weights.items()}
        gates = scan.run(cell, given, x.to(dtype), tuple(s.to(dtype) for s in state), None, True).gates
        for side in ("f_prime", "i_prime"):
            assert gates[side].min() >= 0
            assert gates[side].max() <= 1
        assert torch.allclose(gates["f_prime"] + gates["i_prime"], torch.ones((), dtype=dtype), atol=1e-6)


@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (2, 40, 1, 3)])
def test_agrees_for_the_smallest_and_for_many_sequences(shape: tuple[int, int, int, int]) -> None:
    lengths = [t % (shape[0] + 1) for t in range(shape[1])]
    assert_agreement(scan, load_cell("minlstm"), shape, torch.float64, 1e-12, lengths=lengths)
