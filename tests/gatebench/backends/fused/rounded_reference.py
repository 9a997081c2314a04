"""The reference with factors of matrix products that are rounded to bfloat16, in both passes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import torch
from torch import Tensor

from gatebench.backends import reference
from gatebench.derive.tape import Instruction


def rounded(values: Tensor) -> Tensor:
    """Return the nearest numbers of bfloat16, in the dtype of the values."""
    return values.bfloat16().to(values.dtype)


class RoundedProduct(torch.autograd.Function):
    """The product (…, K) · (K, N) of rounded factors. Its gradients are products of rounded factors too."""

    @staticmethod
    def forward(ctx: Any, a: Tensor, b: Tensor) -> Tensor:
        ctx.save_for_backward(rounded(a), rounded(b))
        return rounded(a) @ rounded(b)

    @staticmethod
    def backward(ctx: Any, delta: Tensor) -> Any:
        a, b = ctx.saved_tensors
        delta = rounded(delta)
        return delta @ b.mT, a.flatten(0, -2).mT @ delta.flatten(0, -2)


def round_the_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make `reference` round the factors of all matrix products."""
    plain = reference._execute

    def execute(
        instruction: Instruction,
        slots: list[Any],
        weights: Mapping[str, Tensor],
        matrices: Mapping[Instruction, Tensor],
    ) -> None:
        if instruction.op != "matmul":
            plain(instruction, slots, weights, matrices)
            return
        operand = slots[instruction.operands[0]]
        product = RoundedProduct.apply(operand, matrices[instruction])  # type: ignore[no-untyped-call]
        parts = torch.split(product, [len(weights[w]) for w in instruction.weights], dim=-1)
        for slot, part in zip(instruction.results, parts, strict=True):
            slots[slot] = part

    monkeypatch.setattr(reference, "_execute", execute)
