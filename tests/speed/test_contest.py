"""No time without agreement; a refusal is a row with its sentence."""

from collections.abc import Mapping
from types import SimpleNamespace

import pytest
from torch import Tensor

from gatebench import Cell, backends, load_cell
from gatebench.backends import Run, reference
from gatebench.speed import contest as contests
from gatebench.speed.contest import STANDARD, contest
from gatebench.speed.problem import Shape

SHAPE = Shape(6, 3, 2, 4)


def off(error: float) -> SimpleNamespace:
    """Return a backend whose gate weights' gradients are wrong by a part of themselves."""

    def run(
        cell: Cell,
        weights: Mapping[str, Tensor],
        x: Tensor,
        state: tuple[Tensor, ...],
        lengths: Tensor | None,
        trace: bool,
    ) -> Run:
        skewed = {n: w + error * (w - w.detach()) for n, w in weights.items()}
        return reference.run(cell, skewed, x, state, lengths, trace)

    return SimpleNamespace(NAME="off", refuses=lambda cell, work: None, run=run)


@pytest.mark.parametrize("error", [1e-2, float("nan")])
def test_a_wrong_gradient_gets_a_sentence_and_no_time(error: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(backends.BACKENDS, "off", off(error))
    rows = {row.backend: row for row in contest(load_cell("janet"), SHAPE, ["off", "reference"], 0.0, 1e9, trace=True)}
    assert rows["off"].seconds is None
    assert "off differs from the reference in" in rows["off"].sentence
    assert rows["reference"].seconds is not None


def test_a_refusal_is_a_row_with_its_sentence() -> None:
    rows = contest(load_cell("lstm"), SHAPE, ["fused", "scan"], 0.0, 1e9, trace=True)
    assert [row.backend for row in rows] == [STANDARD, "fused", "scan"]
    assert rows[0].ratio == 1.0
    assert rows[1].kept is not None
    assert "affine" in rows[2].sentence


def test_every_native_cell_has_its_module() -> None:
    for name in contests.MODULES:
        assert contest(load_cell(name), SHAPE, [], 0.0, 1e9, trace=False)[0].backend == STANDARD
