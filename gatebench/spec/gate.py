"""One row of a cell's table: the terms of a gate's pre-activation, and its activation."""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass, field, fields

from gatebench.errors import out_of_range, unknown
from gatebench.spec.dated import previous
from gatebench.spec.expression import ACTIVATIONS, Expr, activate, name, total
from gatebench.spec.formula import parse
from gatebench.spec.initial_rules import Bias, bias_rule

DECLARED_ROLES = (None, "candidate")
"""The values of `Gate.role`."""


@dataclass(frozen=True)
class Gate:
    """One gate: activation(W inputs + b + after ⊙ (R recurrent + d) + p ⊙ peephole + Σ_k R_k k[t-1] + plus).

    None for a field removes its term. The default is σ(W x + b + R h). Shapes of matrices are (outputs, inputs).

    Attributes:
        activation: a name of `gatebench.spec.expression.ACTIVATIONS`.
        inputs: the formula that W multiplies, with W of shape (H, I): "x", or "a * x" for an attention gate a.
        recurrent: the formula that R multiplies: "h", "tanh(h)", or "r * h" (the reset gate before the product).
        matrix: "dense" for R of shape (H, H), or "diagonal" for R of shape (H,), which multiplies elementwise.
        after: the gate that multiplies R recurrent + d, that is, after the product; d of shape (H,) is a second bias.
        peephole: the state that the weight p of shape (H,) multiplies: "c[t-1]" (old) or "c[t]" (new).
        gates: the gates k with the term R_k k[t-1], R_k of shape (H, H): full gate recurrence of Greff et al. 2017,
            arXiv 1503.04069.
        plus: a formula that is added without a weight, such as "tanh(x)", which needs I = H.
        bias: the initial value of b; None removes b. See `gatebench.spec.initial_rules.Bias`.
        width: "H" for a gate of H units, "I" for a gate that multiplies the input; the weights have I rows then.
        tie: a formula of other gates, states and x that replaces all fields above; the gate has no weights then.
        role: "candidate" for the gate that is the written content. It is needed only if the update multiplies two
            gates and the formulas do not say which of them is the content: i * g. All other roles follow from the
            formulas (`gatebench.derive.roles`). It changes no number and no digest, and two rows that differ only
            here are equal.

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
    role: str | None = field(default=None, compare=False)

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
        if self.role not in DECLARED_ROLES:
            raise unknown("role", self.role, ("candidate",))
        object.__setattr__(self, "gates", _listed(self.gates))
        object.__setattr__(self, "bias", bias_rule(self.bias))

    @property
    def constant(self) -> float | None:
        """The number to which the gate is fixed; None for other gates."""
        return parse(self.tie).value if self.tie is not None else None

    def formula(self, label: str, constants: Container[str] = ()) -> Expr:
        """Return the formula of the gate's value; names without a time stay without one.

        Args:
            label: the name of the gate in its table, which is part of the names of its weights: "W.i".
            constants: the gates that are constant. They have no term R_k k[t-1], and no d beside them.
        """
        if self.tie is not None:
            return parse(self.tie)
        return activate(self.activation, total(self._terms(label, constants)))

    def _terms(self, label: str, constants: Container[str]) -> Iterator[Expr]:
        """Yield the terms of the pre-activation, in the order in which they are added."""
        if self.inputs is not None:
            yield Expr("matmul", (f"W.{label}", parse(self.inputs)))
        if self.bias is not None:
            yield Expr("param", (f"b.{label}",))
        if self.recurrent is not None:
            weight, operand = f"R.{label}", parse(self.recurrent)
            is_dense = self.matrix == "dense"
            product = Expr("matmul", (weight, operand)) if is_dense else Expr("param", (weight,)) * operand
            # With a constant in place of the gate `after`, d would be a second bias with the effect of b.
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
    """Return the names of gates as a tuple without repetitions: from None, one name, or a list."""
    if gates is None or isinstance(gates, str):
        return (gates,) if gates else ()
    if isinstance(gates, list | tuple) and all(isinstance(gate, str) for gate in gates):
        return tuple(dict.fromkeys(gates))
    raise out_of_range("gates", gates, "a list of gates, or off")


CONNECTIONS = tuple(f.name for f in fields(Gate) if f.name not in ("activation", "bias", "width", "tie", "role"))
"""The fields of `Gate` that `Cell.connect` can change."""
