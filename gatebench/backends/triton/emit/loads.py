"""When a step loads the values that it reads from streams: one step ahead, or right before their use."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gatebench.backends.fused.emit.memory_layout import Plane
from gatebench.backends.triton.emit import kernel_text as text
from gatebench.backends.triton.emit.plan import KernelPlan


class Loads:
    """The loads of a kernel.

    In a short step, the values of the next step are loaded ahead. In a long one, a load takes little time beside the
    products; the value is loaded right before its use, and occupies registers for a short time only.

    Args:
        plan: the cell's kernels.
        loaded: the plane of each loaded value, by its variable.
        load: returns the expression that loads a plane under a condition.
        direction: "+" for kernels that go to later steps, "-" for those that go to earlier ones.
        condition: whether there is a step after this one, in that direction.
        ahead: whether to load one step ahead.
    """

    def __init__(
        self,
        plan: KernelPlan,
        loaded: Mapping[str, Plane],
        load: Callable[[Plane, str], str],
        direction: str,
        condition: str,
        ahead: bool,
    ) -> None:
        self._loaded, self._load, self._condition, self._ahead = loaded, load, condition, ahead
        streams = dict.fromkeys(where.stream for where in loaded.values())
        self._advance = [f"{stream} {direction}= {text.step(plan, stream)}" for stream in streams]
        self._present: set[str] = set(loaded) if ahead else set()

    def before_the_loop(self) -> list[str]:
        """Return the loads of the first step."""
        return [self._line(name) for name in self._loaded] if self._ahead else []

    def at_the_start(self) -> list[str]:
        """Return the loads of the next step."""
        if not self._ahead:
            return []
        return [*self._advance, *(f"next_{v} = {self._load(p, self._condition)}" for v, p in self._loaded.items())]

    def before(self, variables: set[str]) -> list[str]:
        """Return the loads of the variables that the next line reads, if the step has not loaded them yet."""
        missing = [name for name in self._loaded if name in variables - self._present]
        self._present.update(missing)
        return [self._line(name) for name in missing]

    def at_the_end(self) -> list[str]:
        """Return the lines that make the next step the present one."""
        return [f"{name} = next_{name}" for name in self._loaded] if self._ahead else self._advance

    def _line(self, name: str) -> str:
        return f"{name} = {self._load(self._loaded[name], '')}"
