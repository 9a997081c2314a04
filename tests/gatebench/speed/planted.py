"""Backends with a fault, to be put in place of others."""

from collections.abc import Mapping
from types import SimpleNamespace

from torch import Tensor

from gatebench import Cell
from gatebench.backends import reference
from gatebench.backends.contract import LayerResult


def off(error: float) -> SimpleNamespace:
    """Return a backend whose weights' gradients are wrong by a part of themselves."""

    def run(
        cell: Cell,
        weights: Mapping[str, Tensor],
        x: Tensor,
        state: tuple[Tensor, ...],
        lengths: Tensor | None,
        trace: bool,
    ) -> LayerResult:
        skewed = {n: w + error * (w - w.detach()) for n, w in weights.items()}
        return reference.run(cell, skewed, x, state, lengths, trace)

    return SimpleNamespace(NAME="manual", DESCRIPTION="a faulty backend", refuses=lambda cell, work: None, run=run)


def broken() -> SimpleNamespace:
    """Return a backend that fails."""

    def run(*given: object) -> LayerResult:
        raise ArithmeticError("Nothing adds up.\nSecond line.")

    return SimpleNamespace(NAME="manual", DESCRIPTION="a faulty backend", refuses=lambda cell, work: None, run=run)
