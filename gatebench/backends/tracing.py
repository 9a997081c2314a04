"""Whether torch traces the program: `torch.compile`, `torch.export`, `torch.jit.trace` or a transform of `torch.func`.

Then tensors may have no memory, and no decision may depend on their values.
"""

from collections.abc import Callable
from typing import TypeVar

import torch

_Function = TypeVar("_Function", bound=Callable[..., object])


def is_traced() -> bool:
    """Return whether the program is traced."""
    return torch._C._are_functorch_transforms_active() or torch.compiler.is_compiling() or torch._C._is_tracing()


def constant_in_programs(function: _Function) -> _Function:
    """Mark a function whose result is a constant of a compiled program: `torch.compile` calls it and does not trace it.

    `torch.compiler.assume_constant_result` does the same, but it imports the compiler, which takes two seconds.

    Args:
        function: its arguments and its result are plain values.
    """
    function._dynamo_marked_constant = True  # type: ignore[attr-defined]
    return function
