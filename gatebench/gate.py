"""One row of a cell's table."""

from __future__ import annotations

from dataclasses import dataclass, fields

from gatebench.errors import unknown
from gatebench.expression import ACTIVATIONS, parse

Bias = float | str | None
"""An initial bias: a number, "chrono" (log-uniform in the time scale), "-f" (minus the bias of gate f), None for no bias."""


@dataclass(frozen=True)
class Gate:
    """activation(W inputs + b + after ⊙ (R recurrent + d) + p ⊙ peephole + Σ R_k k[t-1] + plus), None removing a term.

    Attributes:
        activation: one of `ACTIVATIONS`.
        inputs: the formula that W multiplies, of width I: "x", or "a * x" for an attention gate a.
        recurrent: the formula that R multiplies, of width H: "h", "r * h" (reset before the product), "tanh(h)".
        matrix: "dense" for R of shape (H, H), "diagonal" for R of shape (H,), applied pointwise.
        after: a gate multiplied into R h + d, behind the product (d is a second bias).
        peephole: the state that a diagonal weight p of shape (H,) sees: "c[t-1]" (old) or "c[t]" (new).
        gates: gates whose values of the last step enter through matrices R_k of shape (H, H) (full gate recurrence).
        plus: a formula added as it is, such as "tanh(x)", which needs I = H.
        bias: how b starts, see `Bias`.
        width: "H", or "I" for a gate that multiplies the input.
        tie: a formula of other gates and states that replaces all of the above; the gate has no weights.
    """

    activation: str = "sigmoid"
    inputs: str | None = "x"
    recurrent: str | None = "h"
    matrix: str = "dense"
    after: str | None = None
    peephole: str | None = None
    gates: tuple[str, ...] = ()
    plus: str | None = None
    bias: Bias = 0.0
    width: str = "H"
    tie: str | None = None

    def __post_init__(self) -> None:
        for label, value, allowed in (
            ("activation", self.activation, ACTIVATIONS),
            ("matrix", self.matrix, ("dense", "diagonal")),
            ("width", self.width, ("H", "I")),
        ):
            if value not in allowed:
                raise unknown(label, value, allowed)

    @property
    def constant(self) -> float | None:
        """The number that the gate is fixed at, if it is."""
        return parse(self.tie).value if self.tie is not None else None


CONNECTIONS = tuple(f.name for f in fields(Gate) if f.name in ("inputs", "recurrent", "matrix", "after", "peephole", "gates", "plus"))
"""The terms of a pre-activation that `Cell.connect` can switch."""
