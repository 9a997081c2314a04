"""One row of a cell's table."""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass, fields

from gatebench.errors import out_of_range, unknown
from gatebench.spec.dated import previous
from gatebench.spec.expression import ACTIVATIONS, Expr, activate, name, total
from gatebench.spec.formula import parse
from gatebench.spec.initial_rules import Bias, bias_rule


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

    Raises:
        UserError: a value is not allowed.
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
        for label in ("inputs", "recurrent", "after", "peephole", "plus", "tie"):
            if not isinstance(value := getattr(self, label), str | None):
                raise out_of_range(label, value, "a formula, or off")
        object.__setattr__(self, "gates", _listed(self.gates))
        object.__setattr__(self, "bias", bias_rule(self.bias))

    @property
    def constant(self) -> float | None:
        """The number that the gate is fixed at, if it is."""
        return parse(self.tie).value if self.tie is not None else None

    def formula(self, label: str, constants: Container[str] = ()) -> Expr:
        """Return the gate's value as a formula over names, weights called after `label`, and products.

        Args:
            label: what the gate is called in its table.
            constants: gates that are constant, to which weights cannot lead.
        """
        if self.tie is not None:
            return parse(self.tie)
        return activate(self.activation, total(self._terms(label, constants)))

    def _terms(self, label: str, constants: Container[str]) -> Iterator[Expr]:
        if self.inputs is not None:
            yield Expr("matmul", (f"W.{label}", parse(self.inputs)))
        if self.bias is not None:
            yield Expr("param", (f"b.{label}",))
        if self.recurrent is not None:
            weight, read = f"R.{label}", parse(self.recurrent)
            product = Expr("matmul", (weight, read)) if self.matrix == "dense" else Expr("param", (weight,)) * read
            # Behind a constant the second bias would only repeat the first.
            if self.after and self.after not in constants and self.bias is not None:
                product = product + Expr("param", (f"d.{label}",))
            yield name(self.after) * product if self.after else product
        if self.peephole is not None:
            yield Expr("param", (f"p.{label}",)) * parse(self.peephole)
        for other in self.gates:
            if other not in constants:
                yield Expr("matmul", (f"R.{other}.{label}", name(previous(other))))
        if self.plus is not None:
            yield parse(self.plus)


def _listed(gates: object) -> tuple[str, ...]:
    """Return one gate or several as a tuple, each once."""
    if gates is None or isinstance(gates, str):
        return (gates,) if gates else ()
    if isinstance(gates, list | tuple) and all(isinstance(gate, str) for gate in gates):
        return tuple(dict.fromkeys(gates))
    raise out_of_range("gates", gates, "a list of gates, or off")


CONNECTIONS = tuple(f.name for f in fields(Gate) if f.name not in ("activation", "bias", "width", "tie"))
"""The terms of a pre-activation that `Cell.connect` can switch."""
