"""The trials of a study as plain data: one row a trial, with settings, metrics and facts."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from gatebench.errors import UserError, nearest
from gatebench.outcome import Outcome

Value = str | int | float | bool | None
"""A value of a row."""

SETTING, METRIC, FACT = "params.", "metrics.", "facts."
"""The beginnings of the names of the columns of settings, metrics and facts, e.g. "params.model.hidden_size"."""

TRUTHS = {"True": True, "False": False}
"""The texts of truth values."""

LARGEST_WHOLE = 2**63
"""Whole numbers of this size are written as numbers with a point, because a Parquet file has no larger ones."""


def trial_rows(outcomes: Iterable[Outcome], order: Sequence[str] = ()) -> list[dict[str, Value]]:
    """Return one row for each trial, all with the same columns.

    Several outcomes of one trial, for example a failure and its repetition, are one row: that of the newest finished
    outcome, or else that of the newest one. The columns are the digest, the labels of cell and task, the seed, the
    status and its sentence, the headline metric and its direction, and the settings, final metrics and facts. A value
    that a trial does not have is None. A column of settings has numbers or truth values if all its texts are such.

    Args:
        outcomes: the outcomes, oldest first.
        order: the labels of the cells in the order of the rows. Cells that are not listed follow.
    """
    ranks = {label: rank for rank, label in enumerate(order)}
    trials = sorted(_chosen(outcomes), key=lambda one: (one.task, ranks.get(one.cell, len(ranks)), one.seed))
    rows = [_row(outcome) for outcome in trials]
    fixed = [name for name in (rows[0] if rows else ()) if not name.startswith((SETTING, METRIC, FACT))]
    others = [
        sorted({name for row in rows for name in row if name.startswith(kind)}) for kind in (SETTING, METRIC, FACT)
    ]
    names = [*fixed, *(name for kind in others for name in kind)]
    columns = {name: [row.get(name) for row in rows] for name in names}
    typed = {name: _typed(values) if name.startswith(SETTING) else values for name, values in columns.items()}
    return [dict(zip(names, values, strict=True)) for values in zip(*typed.values(), strict=True)]


def with_named_columns(rows: Sequence[Mapping[str, Value]], names: Sequence[str]) -> list[dict[str, Value]]:
    """Return the rows with the columns of some names, in their order; with all columns if there are no names.

    Raises:
        UserError: there is no column of a name.
    """
    known = list(rows[0]) if rows else []
    for name in names:
        if name not in known:
            near = nearest(name, known)
            hint = f"did you mean {near[0]!r}?" if near else "without columns=, all of them are shown."
            raise UserError(f"There is no column {name!r} of these trials; {hint}")
    return [{name: row[name] for name in names or known} for row in rows]


def _chosen(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Return one outcome of each trial: the newest finished one, or else the newest one."""
    chosen: dict[str, Outcome] = {}
    for outcome in outcomes:
        earlier = chosen.get(outcome.digest)
        if earlier is None or earlier.status != "finished" or outcome.status == "finished":
            chosen[outcome.digest] = outcome
    return list(chosen.values())


def _row(outcome: Outcome) -> dict[str, Value]:
    metric = outcome.metric
    return {
        "digest": outcome.digest,
        "cell": outcome.cell,
        "cell_digest": outcome.cell_digest,
        "task": outcome.task,
        "seed": outcome.seed,
        "status": outcome.status,
        "sentence": outcome.sentence or None,
        "metric": metric.name if metric else None,
        "direction": metric.direction if metric else None,
        "score": _number(outcome.metrics.get(f"test/{metric.name}")) if metric else None,
        "chance": _number(outcome.chance),
        **{f"{SETTING}{key}": value for key, value in outcome.settings.items()},
        **{f"{METRIC}{key}": float(value) for key, value in outcome.metrics.items()},
        **{f"{FACT}{key}": value for key, value in outcome.facts.items()},
    }


def _number(value: float | None) -> float | None:
    return None if value is None else float(value)


def _typed(values: Sequence[Value]) -> list[Value]:
    """Return the texts of a column as truth values, whole numbers or numbers, if all of them are such."""
    texts = [value for value in values if isinstance(value, str)]
    converters: tuple[Callable[[str], Value], ...] = (_truth, _whole, float)
    for convert in converters:
        try:
            found = {text: convert(text) for text in texts}
        except ValueError:
            continue
        return [found.get(value) if isinstance(value, str) else value for value in values]
    return list(values)


def _truth(text: str) -> bool:
    if text not in TRUTHS:
        raise ValueError(text)
    return TRUTHS[text]


def _whole(text: str) -> int:
    number = int(text)
    if abs(number) >= LARGEST_WHOLE:
        raise ValueError(text)
    return number
