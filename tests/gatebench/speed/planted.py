"""Faulty backends, for tests that put them in place of a backend."""

from collections.abc import Mapping
from types import SimpleNamespace

from torch import Tensor

from gatebench import Cell
from gatebench.backends import reference
from gatebench.backends.contract import LayerResult


def off(error: float) -> SimpleNamespace:
    """Return a backend whose gradients of the weights are wrong by a fraction `error` of themselves."""

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
    """Return a backend that raises an error."""

    def run(*given: object) -> LayerResult:
        raise ArithmeticError("Nothing adds up.\nSecond line.")

    return SimpleNamespace(NAME="manual", DESCRIPTION="a faulty backend", refuses=lambda cell, work: None, run=run)
