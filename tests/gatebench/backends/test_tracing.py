"""Whether torch traces a program."""

import torch
from torch import Tensor

from gatebench.backends.tracing import constant_in_programs, is_traced


def test_a_transform_and_a_trace_are_noticed() -> None:
    seen: list[bool] = []

    def noted(x: Tensor) -> Tensor:
        seen.append(is_traced())
        return x.sum()

    noted(torch.ones(2))
    torch.func.grad(noted)(torch.ones(2))
    torch.func.vmap(noted)(torch.ones(2, 2))
    assert seen == [False, True, True]


def test_a_marked_function_is_called_as_before() -> None:
    @constant_in_programs
    def double(number: int) -> int:
        return 2 * number

    assert double(3) == 6
