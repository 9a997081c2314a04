"""Every cell, forward and backward, against the reference in float64; buffers poisoned with NaN."""

import platform
from dataclasses import replace

import pytest
import torch

from gatebench import Cell, Gate, cell_names, load_cell
from gatebench.backends import fused, scan
from gatebench.backends.fused import compiled_cell
from gatebench.machine import c_compiler
from tests.gatebench.backends.agree import assert_agreement


@pytest.mark.parametrize("name", cell_names())
def test_float64_is_the_reference(name: str) -> None:
    cell = load_cell(name)
    assert_agreement(fused, cell, (7, 5, 3, 20), torch.float64, 1e-13)
    assert_agreement(fused, cell, (9, 4, 5, 5), torch.float64, 1e-13, lengths=[9, 3, 1, 0])


@pytest.mark.parametrize("name", ["lstm", "gru", "lstm_attention_input", "mut1", "slstm", "minlstm"])
@pytest.mark.parametrize(
    "shape",
    [(1, 1, 1, 1), (40, 1, 7, 17), (3, 37, 1, 16), (70, 9, 19, 33), (5, 2, 40, 64)],
    ids=["least", "one sequence", "one number", "odd", "whole vectors"],
)
def test_float32_is_near_the_reference(name: str, shape: tuple[int, int, int, int]) -> None:
    assert_agreement(fused, load_cell(name), shape, torch.float32, 2e-5)


def test_many_steps_go_round_the_ring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gatebench.backends.fused.gradients._RING_NUMBERS", 1)
    monkeypatch.setattr("gatebench.backends.fused.gradients._LEAST_ROWS", 1)
    for name in ("lstm", "mut1", "gru_before"):
        assert_agreement(fused, load_cell(name), (7, 3, 2, 5), torch.float64, 1e-13)
        assert_agreement(fused, load_cell(name), (6, 3, 2, 5), torch.float64, 1e-13, lengths=[6, 2, 5])


def test_a_cell_of_one_s_own_with_more_sums_than_registers() -> None:
    gates = {f"g{i}": Gate("tanh", recurrent=f"g{i - 1} * h" if i == 3 else "h") for i in range(6)}
    cell = Cell(
        name="many",
        source="test",
        states=("h",),
        gates=gates,
        update=lambda h, g0, g1, g2, g3, g4, g5: (g0 * g1 + g2 * h + g3 - g4 / (2 + g5),),
    )
    assert_agreement(fused, cell, (5, 7, 3, 9), torch.float64, 1e-13)


def test_every_activation() -> None:
    """Those of `lstm` are sigmoid and tanh. One cell has the others, because each cell takes seconds to compile."""
    cell = load_cell("lstm")
    for gate, activation in {"i": "identity", "f": "hard_sigmoid", "g": "relu", "o": "exp"}.items():
        cell = cell.activate(gate, activation)
    assert_agreement(fused, cell, (6, 3, 2, 5), torch.float64, 1e-13)


def test_log_and_maximum_in_a_formula() -> None:
    cell = load_cell("gru").tie("z", "maximum(r, 0.4) / (1 + log(1 + r * r))")
    assert_agreement(fused, cell, (6, 3, 2, 5), torch.float64, 1e-13)


def test_full_gate_recurrence_with_a_reset_gate() -> None:
    assert_agreement(fused, load_cell("gru").connect("z", gates=["z", "r"]), (6, 3, 2, 5), torch.float64, 1e-13)


@pytest.mark.parametrize("target", [["-mno-avx512f"], ["-march=x86-64"]], ids=["AVX2", "SSE2"])
@pytest.mark.parametrize("name", ["lstm_peephole", "gru_before", "minlstm"])
def test_machines_with_narrower_vectors(name: str, target: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    found = c_compiler.compiler()
    assert found is not None
    narrower = replace(found, flags=(*found.flags, *target, "-O1"))  # the C text for these vectors is what is tested
    if platform.machine() != "x86_64":
        pytest.skip("the targets are those of x86-64")
    monkeypatch.setattr(c_compiler, "compiler", lambda: narrower)
    monkeypatch.setattr(compiled_cell, "_compiled_cells", {})
    compiled_cell.compile_cell.cache_clear()
    try:
        for backend in (fused, scan) if name == "minlstm" else (fused,):
            assert_agreement(
                backend, load_cell(name), (7, 13, 1, 21), torch.float64, 1e-12, lengths=[7, 3, 0] * 4 + [5]
            )
            assert_agreement(backend, load_cell(name), (5, 9, 3, 16), torch.float32, 2e-5)
    finally:
        compiled_cell.compile_cell.cache_clear()
