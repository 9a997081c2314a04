"""The whole Triton source of a cell."""

from __future__ import annotations

from gatebench.backends.triton.emit.backward import backward_kernel
from gatebench.backends.triton.emit.expressions import CALLS
from gatebench.backends.triton.emit.forward import forward_kernel
from gatebench.backends.triton.emit.plan import KernelPlan

_OWN = ", ".join(sorted(name for name in (*CALLS.values(), "product", "streamed_product") if "." not in name))


def source(plan: KernelPlan, on_chip: bool = True) -> str:
    """Return the module with the kernels `forward` and `backward` of a cell; see `forward_kernel`."""
    return (
        f"import triton\nimport triton.language as tl\n\nfrom gatebench.backends.triton.functions import {_OWN}\n\n\n"
        f"{forward_kernel(plan, on_chip)}\n\n{backward_kernel(plan, on_chip)}"
    )
