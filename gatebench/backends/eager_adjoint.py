"""The derived programs in torch operations: a layer forward, and back from the last step to the first.

T time, B batch, I input, H hidden.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from gatebench.backends.lengths import alive
from gatebench.backends.reference import OPERATIONS
from gatebench.derive.adjoint import Adjoint
from gatebench.derive.program import products
from gatebench.spec.expression import Expr

_OPERATIONS: dict[str, Callable[..., Tensor]] = OPERATIONS | {
    "positive": lambda y: (y > 0).to(y.dtype),
    "between": lambda y: ((y > 0) & (y < 1)).to(y.dtype),
    "wins": lambda a, b: (a > b).to(a.dtype) + (a == b).to(a.dtype) / 2,
}

Values = dict[str, Tensor]


class EagerAdjoint:
    """One sequence forward and back. kept: every step's values by name, "c[t]" of the step before as "c[t-1]"."""

    def __init__(self, derived: Adjoint, weights: Mapping[str, Tensor], x: Tensor, lengths: Tensor | None) -> None:
        self.derived, self.weights, self.x = derived, {n: w.detach() for n, w in weights.items()}, x.detach()
        self.memory = derived.forward.memory
        self.alive = None if lengths is None else alive(lengths, x)
        self.kept: list[Values] = []

    def forward(self, state: tuple[Tensor, ...], gates: tuple[str, ...]) -> tuple[Tensor, ...]:
        """Return output (T, B, H), the final state (B, H) each and the gates (T, B, ·) that are wanted."""
        now = dict(zip(self.memory, (s.detach() for s in state), strict=True))
        hoisted = self._hoisted()
        for t in range(len(self.x)):
            values = {f"{m}[t-1]": value for m, value in now.items()} | {"x[t]": self.x[t]}
            known = {node: product[t] for node, product in hoisted.items()}
            for defined, formula in self.derived.forward.formulas.items():
                values[defined] = self._value(formula, values, known)
            values |= {n: value.expand(self.x.shape[1], -1) for n, value in values.items() if value.dim() == 1}
            live = None if self.alive is None else self.alive[t]
            now = {m: self._frozen(values[f"{m}[t]"], now[m], live) for m in self.memory}
            self.kept.append(values)
        shown = [self.derived.forward.aliases.get(f"{g}[t]", f"{g}[t]") for g in gates]
        output = torch.stack([values[f"{self.memory[0]}[t]"] for values in self.kept])
        output = output if self.alive is None else torch.where(self.alive, output, 0.0)
        return (output, *now.values(), *(torch.stack([values[g] for values in self.kept]) for g in shown))

    def backward(self, output: Tensor | None, final: tuple[Tensor | None, ...]) -> list[Tensor]:
        """Return the gradients of x, the initial state and the weights."""
        B = self.x.shape[1]
        first = self.kept[0]
        later = {
            f"k/{m}[t+1]": first[f"{m}[t-1]"].new_zeros(first[f"{m}[t]"].shape) if g is None else g
            for m, g in zip(self.memory, final, strict=True)
        }
        later |= {f"s/{p}[t+1]": self.weights[p].new_zeros(B, len(self.weights[p])) for p in self.derived.sums}
        steps: list[Values] = []
        for t in reversed(range(len(self.x))):
            incoming = (
                first[f"{self.memory[0]}[t]"].new_zeros(first[f"{self.memory[0]}[t]"].shape)
                if output is None
                else output[t]
            )
            values = self.kept[t] | later | {f"g/{self.memory[0]}[t]": incoming}
            self._absent(values)
            known: dict[Expr, Any] = {}
            for defined, formula in self.derived.step.formulas.items():
                values[defined] = self._value(formula, values, known)
            live = None if self.alive is None else self.alive[t]
            later = self._handed_on(values, later, live)
            steps.append(values)
        steps.reverse()
        starts = [self._value(self.derived.arriving[m], later, {}) for m in self.memory]
        dx = torch.stack(
            [self._masked(self._value(self.derived.input, values, {}), t) for t, values in enumerate(steps)]
        )
        return [dx, *starts, *self._weights(steps, later)]

    def _weights(self, steps: list[Values], later: Values) -> list[Tensor]:
        found = {p: later[f"s/{p}[t+1]"].sum(0) for p in self.derived.sums}
        stacked: dict[str, Tensor] = {}

        def whole(name: str) -> Tensor:
            if name not in stacked:
                stacked[name] = torch.stack([self._masked(values[name], t) for t, values in enumerate(steps)]).flatten(
                    0, 1
                )
            return stacked[name]

        for outer in self.derived.outers:
            delta = whole(outer.delta)
            part = delta.sum(0) if outer.operand == "1" else delta.mT @ whole(outer.operand)
            found[outer.weight] = found[outer.weight] + part if outer.weight in found else part
        return [found.get(w, torch.zeros_like(self.weights[w])) for w in self.weights]

    def _handed_on(self, values: Values, later: Values, live: Tensor | None) -> Values:
        """Return what step t hands to step t - 1; a sequence that has ended hands on what it was handed."""
        new: Values = {}
        for name, value in values.items():
            if name[:2] in ("k/", "s/") and name.endswith("[t]"):
                after = name.replace("[t]", "[t+1]")
                new[after] = self._frozen(value.expand_as(later[after]), later[after], live)
        for delta in self.derived.deltas:
            value = values[delta]
            new[delta.replace("[t]", "[t+1]")] = value if live is None else torch.where(live, value, 0.0)
        return new

    def _absent(self, values: Values) -> None:
        """At the last step there is no δ of a later one."""
        for delta in self.derived.deltas:
            if (after := delta.replace("[t]", "[t+1]")) not in values:
                width = (
                    self.x.shape[-1]
                    if self.derived.step.widths[delta] == "I"
                    else values[f"{self.memory[0]}[t]"].shape[-1]
                )
                values[after] = self.x.new_zeros(self.x.shape[1], width)

    def _hoisted(self) -> dict[Expr, Tensor]:
        """Return the products that read x, for all steps at once."""
        nodes = {
            node
            for f in self.derived.forward.formulas.values()
            for node in products(f)
            if node.args[1].args[0] == "x[t]"
        }
        return {node: self.x @ self.weights[node.args[0]].mT for node in nodes}

    def _value(self, node: Expr, values: Values, known: dict[Expr, Any]) -> Any:
        if node.op == "name":
            return values[node.args[0]]
        if node.op == "const":
            return torch.as_tensor(node.args[0], dtype=self.x.dtype, device=self.x.device).expand(1)
        if node.op == "param":
            return self.weights[node.args[0]]
        if node not in known:
            if node.op in ("matmul", "matmul_t"):
                weight = self.weights[node.args[0]]
                known[node] = values[node.args[1].args[0]] @ (weight.mT if node.op == "matmul" else weight)
            else:
                known[node] = _OPERATIONS[node.op](*(self._value(o, values, known) for o in node.operands))
        return known[node]

    def _masked(self, value: Tensor, t: int) -> Tensor:
        value = value.expand(self.x.shape[1], -1)
        return value if self.alive is None else torch.where(self.alive[t], value, 0.0)

    @staticmethod
    def _frozen(new: Tensor, old: Tensor, live: Tensor | None) -> Tensor:
        return new.expand_as(old) if live is None else torch.where(live, new, old)
