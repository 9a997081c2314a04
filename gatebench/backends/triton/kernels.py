"""The two kernels of a cell as Triton functions: the generated source, loaded."""

from __future__ import annotations

import linecache
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any

from gatebench.backends.triton.device import is_interpreted
from gatebench.backends.triton.emit.plan import KernelPlan, plan
from gatebench.backends.triton.emit.source import source
from gatebench.spec.definitions import Definitions


@dataclass(frozen=True, eq=False)
class Kernels:
    """The kernels of one cell.

    Attributes:
        plan: what they compute, and where their values lie.
        forward: the forward kernel, a function of `triton.jit`.
        backward: the backward kernel.
        text: their source.
        on_chip: whether the matrices stay on chip; if not, every step reads them from memory.
    """

    plan: KernelPlan
    forward: Any
    backward: Any
    text: str
    on_chip: bool


@lru_cache(maxsize=256)
def load_kernels(definitions: Definitions, on_chip: bool = True) -> Kernels:
    """Return the kernels of a cell. Triton compiles them at the first launch, once for each size, and caches them."""
    planned = plan(definitions)
    text = source(planned, on_chip)
    namespace = _executed(text)
    return Kernels(planned, namespace["forward"], namespace["backward"], text, on_chip)


def _executed(text: str) -> Mapping[str, Any]:
    """Run a generated module. Triton reads the source of its functions back through `linecache`."""
    name = f"<triton kernels {sha256(text.encode()).hexdigest()[:12]}>"
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    namespace: dict[str, Any] = {"__name__": "gatebench.backends.triton.generated"}
    if is_interpreted():
        namespace["range"] = _interpreted_range
    exec(compile(text, name, "exec"), namespace)
    return namespace


def _interpreted_range(count: Any) -> range:
    """Return the steps of a loop in Triton's interpreter, where a number is an array of one element.

    Triton 3.6 converts it with `int`, which numpy 2.4 and newer refuse for such an array.
    """
    return range(count.handle.data.item())
