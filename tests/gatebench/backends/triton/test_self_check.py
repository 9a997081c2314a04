"""The check of a cell on a GPU before its first use. Other implementations take the place of the kernels."""

from typing import Any

import pytest
import torch

from gatebench import Cell, load_cell
from gatebench.backends import fused, reference, triton
from gatebench.backends.contract import LayerResult, Workload
from gatebench.backends.triton import self_check

CELL = load_cell("lstm_peephole")


@pytest.fixture(autouse=True)
def _no_earlier_checks() -> None:
    self_check.disagreement.cache_clear()


def ran_by(monkeypatch: pytest.MonkeyPatch, backend: Any, cell: Cell = CELL) -> None:
    """Let a backend take the place of the kernels, with the equations of a cell."""
    monkeypatch.setattr(self_check, "run_cell", lambda definitions, *given: backend.run(cell, *given))


def test_a_right_implementation_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    ran_by(monkeypatch, fused)
    assert self_check.disagreement(CELL, torch.float32, "cpu", 3, 5, "highest") is None


def test_wrong_outputs_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    ran_by(monkeypatch, reference, CELL.activate("g", "sigmoid"))
    found = self_check.disagreement(CELL, torch.float32, "cpu", 3, 5, "highest")
    assert found is not None
    assert found.startswith(
        "triton is wrong here: for lstm_peephole with H = 5, its output differs from that of reference"
    )


def test_a_wrong_gradient_alone_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def without_a_gradient(definitions: Any, weights: Any, *given: Any) -> LayerResult:
        return reference.run(CELL, {**weights, "p.o": weights["p.o"].detach()}, *given)

    monkeypatch.setattr(self_check, "run_cell", without_a_gradient)
    found = self_check.disagreement(CELL, torch.float32, "cpu", 3, 5, "highest")
    assert found is not None
    assert "its gradient of p.o differs" in found


def test_a_result_that_is_no_number_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def nan(definitions: Any, *given: Any) -> LayerResult:
        result = reference.run(CELL, *given)
        return LayerResult(result.output * torch.nan, result.state, result.gates)

    monkeypatch.setattr(self_check, "run_cell", nan)
    assert "its output differs" in (self_check.disagreement(CELL, torch.float32, "cpu", 3, 5, "highest") or "")


def test_an_error_of_the_compiler_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(definitions: Any, *given: Any) -> LayerResult:
        raise ValueError("out of registers\nand more lines")

    monkeypatch.setattr(self_check, "run_cell", fail)
    expected = "triton cannot run lstm_peephole with H = 5 here: ValueError: out of registers"
    assert self_check.disagreement(CELL, torch.float32, "cpu", 3, 5, "highest") == expected


def test_the_backend_refuses_a_cell_that_is_wrong_on_this_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(triton, "device_trouble", lambda device: None)
    monkeypatch.setattr(triton, "disagreement", lambda *given: f"wrong for {given[1:]}")
    work = Workload(5, 2, 3, 4, device="cuda")
    assert triton.refuses(CELL, work) == f"wrong for {(torch.float32, 'cuda', 3, 4, 'highest')}"


def test_less_exact_products_are_accepted_if_they_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def rounded(definitions: Any, *given: Any) -> LayerResult:
        result = reference.run(CELL, *given)
        return LayerResult(result.output * 1.005, result.state, result.gates)

    monkeypatch.setattr(self_check, "run_cell", rounded)
    assert self_check.disagreement(CELL, torch.float32, "cpu", 3, 5, "highest") is not None
    assert self_check.disagreement(CELL, torch.float32, "cpu", 3, 5, "high") is None
