"""The order in which equations can be computed, and which of them are needed."""

from collections.abc import Iterable, Mapping

from gatebench.errors import UserError
from gatebench.spec.dated import DatedName, now
from gatebench.spec.expression import Expr, names


def in_order(cell: str, states: Iterable[str], formulas: Mapping[DatedName, Expr]) -> dict[DatedName, Expr]:
    """Return the formulas that the states need, each after those that it reads.

    Formulas that do not read one another keep the order in which they are given.

    Args:
        cell: the name of the cell, for the message.
        states: the labels of the states.
        formulas: all equations by name.

    Raises:
        UserError: a formula needs itself in the same step.
    """
    done: dict[DatedName, Expr] = {}
    path: list[DatedName] = []

    def visit(wanted: DatedName) -> None:
        if wanted in path:
            circle = " → ".join([*path[path.index(wanted) :], wanted])
            raise UserError(f"{cell}: {circle} is a circle; a gate must not need itself in the same step.")
        if wanted in done or wanted not in formulas:
            return
        path.append(wanted)
        for read in names(formulas[wanted]):
            if read.is_now:
                visit(read)
        done[path.pop()] = formulas[wanted]

    needed = _needed(states, formulas)
    for wanted in formulas:
        if wanted in needed:
            visit(wanted)
    return done


def _needed(states: Iterable[str], formulas: Mapping[DatedName, Expr]) -> set[DatedName]:
    """Return the names on which some state depends, in the present step or in a later one."""
    needed: set[DatedName] = set()
    waiting = [now(state) for state in states]
    while waiting:
        wanted = waiting.pop()
        if wanted not in needed and wanted in formulas:
            needed.add(wanted)
            waiting.extend(now(read.label) for read in names(formulas[wanted]))
    return needed
