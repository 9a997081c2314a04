"""In which order equations can be computed, and which of them are needed at all."""

from collections.abc import Iterable, Mapping

from gatebench.errors import UserError
from gatebench.spec.expression import Expr, names


def plain(timed: str) -> str:
    """Return the name without its time: "c[t-1]" → "c"."""
    return timed.partition("[")[0]


def in_order(cell: str, states: Iterable[str], formulas: Mapping[str, Expr]) -> dict[str, Expr]:
    """Return the formulas that the states need, as they stand but each after those that it reads.

    Raises:
        UserError: one needs itself in the same step; `cell` is whose formulas the sentence speaks of.
    """
    done: dict[str, Expr] = {}
    path: list[str] = []

    def visit(wanted: str) -> None:
        if wanted in path:
            circle = " → ".join([*path[path.index(wanted) :], wanted])
            raise UserError(f"{cell}: {circle} is a circle; a gate must not need itself in the same step.")
        if wanted in done or wanted not in formulas:
            return
        path.append(wanted)
        for read in names(formulas[wanted]):
            if read.endswith("[t]"):
                visit(read)
        done[path.pop()] = formulas[wanted]

    needed = _needed(states, formulas)
    for wanted in formulas:
        if wanted in needed:
            visit(wanted)
    return done


def _needed(states: Iterable[str], formulas: Mapping[str, Expr]) -> set[str]:
    """Return the names that some state depends on, in this step or through the next one."""
    needed: set[str] = set()
    waiting = [f"{state}[t]" for state in states]
    while waiting:
        wanted = waiting.pop()
        if wanted not in needed and wanted in formulas:
            needed.add(wanted)
            waiting.extend(f"{plain(read)}[t]" for read in names(formulas[wanted]))
    return needed
