"""A layer forward, and its derived backward pass, in torch operations; one time step after the other.

T time, B batch, I input, H hidden.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from gatebench.backends.lengths import step_mask
from gatebench.backends.reference import OPERATIONS
from gatebench.derive.adjoint import ONES, Adjoint
from gatebench.derive.prefixes import carried, is_accumulated, output_gradient, running_sum
from gatebench.derive.program import products
from gatebench.spec.dated import DatedName, X, now, previous
from gatebench.spec.expression import Expr

_OPERATIONS: dict[str, Callable[..., Tensor]] = OPERATIONS | {
    "positive": lambda y: (y > 0).to(y.dtype),
    "between": lambda y: ((y > 0) & (y < 1)).to(y.dtype),
    "wins": lambda a, b: (a > b).to(a.dtype) + (a == b).to(a.dtype) / 2,
}

Values = dict[str, Tensor]
"""The values of one step by dated name, (B, H) or (B, I) each."""


class EagerAdjoint:
    """One layer over one batch, forward and backward.

    Attributes:
        derived: the backward pass of the cell.
        weights: by the table's names, e.g. "W.i": (H, I).
        x: (T, B, I).
        memory: labels of the values that the next step reads, the output first.
        alive: (T, B, 1), whether a sequence has not ended; None if all are T long.
        kept: for every step, all values of the forward pass; the memory of the step before is "c[t-1]".
    """

    def __init__(self, derived: Adjoint, weights: Mapping[str, Tensor], x: Tensor, lengths: Tensor | None) -> None:
        self.derived, self.weights, self.x = derived, {n: w.detach() for n, w in weights.items()}, x.detach()
        self.memory = derived.forward.memory
        self.alive = None if lengths is None else step_mask(lengths, x)
        self.kept: list[Values] = []

    def forward(self, state: tuple[Tensor, ...], gates: tuple[str, ...]) -> tuple[Tensor, ...]:
        """Run all steps, and keep their values for `backward`.

        Args:
            state: the memory before the first step, (B, H) each.
            gates: labels of the gates to return.

        Returns:
            The output (T, B, H), the memory after the last step, (B, H) each, and the gates, (T, B, ·) each.
        """
        present = dict(zip(self.memory, (s.detach() for s in state), strict=True))
        hoisted = self._hoisted()
        for t in range(len(self.x)):
            values: Values = {X: self.x[t], **{previous(m): value for m, value in present.items()}}
            known = {node: product[t] for node, product in hoisted.items()}
            for defined, formula in self.derived.forward.formulas.items():
                values[defined] = self._value(formula, values, known)
            values |= {n: value.expand(self.x.shape[1], -1) for n, value in values.items() if value.dim() == 1}
            live = None if self.alive is None else self.alive[t]
            present = {m: self._frozen(values[now(m)], present[m], live) for m in self.memory}
            self.kept.append(values)
        shown = [self.derived.forward.aliases.get(now(g), now(g)) for g in gates]
        output = torch.stack([values[now(self.memory[0])] for values in self.kept])
        output = output if self.alive is None else torch.where(self.alive, output, 0.0)
        return (output, *present.values(), *(torch.stack([values[g] for values in self.kept]) for g in shown))

    def backward(self, output: Tensor | None, final: tuple[Tensor | None, ...]) -> list[Tensor]:
        """Return the gradients of x, of the initial memory and of the weights, in this order.

        Args:
            output: the gradient of the output, (T, B, H); None for zero.
            final: the gradient of the memory after the last step, (B, H) each; None for zero.
        """
        later = self._after_the_last_step(final)
        steps: list[Values] = []
        for t in reversed(range(len(self.x))):
            values = self.kept[t] | later | {output_gradient(self.memory[0]): self._incoming(output, t)}
            self._add_missing_deltas(values)
            known: dict[Expr, Any] = {}
            for defined, formula in self.derived.backward.formulas.items():
                values[defined] = self._value(formula, values, known)
            live = None if self.alive is None else self.alive[t]
            later = self._for_the_step_before(values, later, live)
            steps.append(values)
        steps.reverse()
        initial = [self._value(self.derived.arriving[m], later, {}) for m in self.memory]
        dx = torch.stack(
            [self._masked(self._value(self.derived.input, values, {}), t) for t, values in enumerate(steps)]
        )
        return [dx, *initial, *self._weight_gradients(steps, later)]

    def _after_the_last_step(self, final: tuple[Tensor | None, ...]) -> Values:
        """Return what the last step reads of a step after it: the gradient of the final memory, and sums of nothing."""
        first, B = self.kept[0], self.x.shape[1]
        later: Values = {
            carried(m).next: first[previous(m)].new_zeros(first[now(m)].shape) if gradient is None else gradient
            for m, gradient in zip(self.memory, final, strict=True)
        }
        return later | {
            running_sum(p).next: self.weights[p].new_zeros(B, len(self.weights[p])) for p in self.derived.sums
        }

    def _incoming(self, output: Tensor | None, t: int) -> Tensor:
        like = self.kept[0][now(self.memory[0])]
        return like.new_zeros(like.shape) if output is None else output[t]

    def _weight_gradients(self, steps: list[Values], later: Values) -> list[Tensor]:
        found = {p: later[running_sum(p).next].sum(0) for p in self.derived.sums}
        stacked: dict[str, Tensor] = {}

        def all_steps(name: str) -> Tensor:
            """Return a value of all steps as (T · B, ·)."""
            if name not in stacked:
                masked = [self._masked(values[name], t) for t, values in enumerate(steps)]
                stacked[name] = torch.stack(masked).flatten(0, 1)
            return stacked[name]

        for outer in self.derived.outers:
            delta = all_steps(outer.delta)
            part = delta.sum(0) if outer.operand == ONES else delta.mT @ all_steps(outer.operand)
            found[outer.weight] = found[outer.weight] + part if outer.weight in found else part
        return [found.get(w, torch.zeros_like(self.weights[w])) for w in self.weights]

    def _for_the_step_before(self, values: Values, later: Values, live: Tensor | None) -> Values:
        """Return what step t - 1 reads of step t; for a sequence that has ended, what step t read of step t + 1."""
        new: Values = {}
        for name, value in values.items():
            if is_accumulated(name) and (dated := DatedName(name)).is_now:
                new[dated.next] = self._frozen(value.expand_as(later[dated.next]), later[dated.next], live)
        for delta in self.derived.deltas:
            value = values[delta]
            new[delta.next] = value if live is None else torch.where(live, value, 0.0)
        return new

    def _add_missing_deltas(self, values: Values) -> None:
        """Add zeros for the deltas of the step after the last one."""
        for delta in self.derived.deltas:
            if delta.next not in values:
                is_input_wide = self.derived.backward.widths[delta] == "I"
                width = self.x.shape[-1] if is_input_wide else values[now(self.memory[0])].shape[-1]
                values[delta.next] = self.x.new_zeros(self.x.shape[1], width)

    def _hoisted(self) -> dict[Expr, Tensor]:
        """Return the products that read x, for all steps at once."""
        formulas = self.derived.forward.formulas.values()
        nodes = {node for formula in formulas for node in products(formula) if node.args[1].args[0] == X}
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
        """Return a value as (B, ·), zero for the sequences that have ended before step t."""
        value = value.expand(self.x.shape[1], -1)
        return value if self.alive is None else torch.where(self.alive[t], value, 0.0)

    @staticmethod
    def _frozen(new: Tensor, old: Tensor, live: Tensor | None) -> Tensor:
        """Return the new value, for a sequence that has ended the old one."""
        return new.expand_as(old) if live is None else torch.where(live, new, old)
