"""The metrics of one outcome as text, in groups: validation, test, gates, simple methods, cost, and all others."""

from collections.abc import Iterable, Mapping

from gatebench.derive.roles import ROLE_NAMES
from gatebench.outcome import Outcome
from launch.display.text_columns import align

STATISTICS = ("mean", "std", "change", "left", "right", "entropy", "tau/median", "tau/p90", "fixed")
"""The columns of the table of gates."""

GROUPS: Mapping[str, str] = {
    "best/val/": "validation (best epoch)",
    "test/": "test (weights of the best epoch)",
    "baseline/": "simple methods on the test set",
    "matrix/": "score after experience/on experience",
}
"""The headings of the groups by the start of the names in them."""

_GATES = {"gate/": "gates, validation", "test/gate/": "gates, test"}


def outcome_text(outcome: Outcome) -> str:
    """Return the metrics of an outcome as text, in groups.

    Examples:
        >>> values = {"test/accuracy": 0.5, "best/val/accuracy": 0.625, "seconds": 1.5}
        >>> print(outcome_text(Outcome("", "lstm", "", "digits", 0, "finished", metrics=values)))
        validation (best epoch)
          accuracy  0.625
        <BLANKLINE>
        test (weights of the best epoch)
          accuracy  0.5
        <BLANKLINE>
        training and cost
          seconds  1.5
    """
    left = dict(sorted(outcome.metrics.items()))
    tables = [_gate_table(heading, _taken(left, start)) for start, heading in _GATES.items()]
    lists = [_list(heading, _taken(left, start)) for start, heading in GROUPS.items()]
    parts = [*lists[:2], *tables, *lists[2:], _list("training and cost", left)]
    return "\n\n".join(part for part in parts if part)


def _taken(metrics: dict[str, float], start: str) -> dict[str, float]:
    """Remove the metrics whose names begin with `start`, and return them without it."""
    return {name.removeprefix(start): metrics.pop(name) for name in list(metrics) if name.startswith(start)}


def _list(heading: str, metrics: Mapping[str, float]) -> str:
    """Return a heading and a line for each metric; empty without metrics."""
    if not metrics:
        return ""
    width = max(map(len, metrics))
    return "\n".join([heading, *(f"  {name:<{width}}  {_number(value)}" for name, value in metrics.items())])


def _gate_table(heading: str, metrics: Mapping[str, float]) -> str:
    """Return a heading and a table with a row for each role of each layer, from "l0/keep/f/mean" and so on."""
    rows: dict[tuple[str, str, str], dict[str, float]] = {}
    others: dict[str, float] = {}
    for name, value in metrics.items():
        layer, _, rest = name.partition("/")
        role, _, rest = rest.partition("/")
        letter, _, statistic = rest.partition("/")
        if statistic in STATISTICS:
            rows.setdefault((layer, role, letter), {})[statistic] = value
        else:
            others[name] = value
    columns = [statistic for statistic in STATISTICS if any(statistic in row for row in rows.values())]
    cells = [
        (layer, f"{role} ({letter.replace('1-', '1 − ')})", *(_number(row.get(column)) for column in columns))
        for (layer, role, letter), row in sorted(rows.items(), key=lambda item: _order(*item[0]))
    ]
    table = align([("", "", *columns), *cells], "ll" + "r" * len(columns)) if cells else ""
    indented = "\n".join(_indented(table.splitlines()))
    return "\n".join(part for part in (indented and f"{heading}\n{indented}", _list("", others).lstrip("\n")) if part)


def _order(layer: str, role: str, letter: str) -> tuple[int, int, str]:
    """Return the place of a row: by layer, then in the order of the roles."""
    number = int(layer[1:]) if layer[1:].isdecimal() else 0
    names: tuple[str, ...] = ROLE_NAMES
    return number, names.index(role) if role in names else len(names), letter


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"  {line}" for line in lines]


def _number(value: float | None) -> str:
    """Return a number with 4 digits, and all digits of a whole number."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if value.is_integer() else f"{value:.4g}"
