"""Made-up studies for the tests of the report."""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from gatebench.outcome import Outcome
from gatebench.report.ablation_table import AblationTable, ablation_table
from gatebench.report.task_table import TableRow, TaskTable
from gatebench.study import Study
from gatebench.task import Metric

ACCURACY = Metric("accuracy", "max")
SEEDS = range(8)
# Nothing but what a format might take for markup, and a few letters to stand beside it.
MARKUP = st.text(r"\`*_{}[]()<>#+-.!|&~$^%@:;'\"/= aLz9", max_size=30)


ROLES = {"f": "keep", "z": "keep", "i": "write", "o": "expose", "r": "reset"}
"""The roles of the letters that `gates` takes."""


def gates(**means: float) -> dict[str, float]:
    """Return the figures of gates in [0, 1] by letter; a gate with the mean 1 is fixed."""
    figures: dict[str, float] = {}
    for gate, mean in means.items():
        key = f"gate/l0/{ROLES[gate]}/{gate}"
        if mean == 1:
            figures[f"{key}/fixed"] = mean
        else:
            figures |= {f"{key}/mean": mean, f"{key}/std": 0.2, f"{key}/right": mean / 2}
    return figures


def outcome(cell: str, seed: int, score: float, task: str = "sentiment", **changes: Any) -> Outcome:
    metrics = {"test/accuracy": score, "test/mse": score, "parameters": 1234, "seconds": 10.0 + seed}
    metrics |= changes.pop("metrics", {})
    plain = Outcome(
        f"{task}-{cell}-{seed}", cell, f"{cell}-equations", task, seed, "finished", metrics=metrics, metric=ACCURACY
    )
    return replace(plain, **changes)


def changed(outcomes: Iterable[Outcome], **changes: Any) -> list[Outcome]:
    return [replace(outcome, **changes) for outcome in outcomes]


def scored(metrics: Mapping[str, Mapping[str, float]] | None = None, **scores: float) -> list[Outcome]:
    """Return outcomes of 8 seeds a cell: a score, a common effect of the seed, and a little that is the trial's own."""
    rng = random.Random(0)
    return [
        outcome(cell, seed, score + seed / 100 + rng.gauss(0, 0.001), metrics=(metrics or {}).get(cell, {}))
        for cell, score in scores.items()
        for seed in SEEDS
    ]


def table_of(outcomes: Sequence[Outcome], *, title: str | None = None, **declaration: Any) -> AblationTable:
    """Return the table of outcomes with a declaration such as `baseline="lstm"`."""
    options = {key: declaration.pop(key) for key in ("default_metrics", "vary", "view") if key in declaration}
    return ablation_table(outcomes, Study("made-up", **declaration), title=title, **options)


def searched(cells: Mapping[str, float], draws: int = 10, seeds: Sequence[int] | None = None) -> list[Outcome]:
    """Return the outcomes of a random search over sizes and learning rates, whose draws all cells share.

    A larger learning rate has a better score. The validation score is the test score, minus 0.045 for even draws.

    Args:
        cells: {cell: score of its worst draw}.
        draws: the number of draws.
        seeds: the seeds of each draw; None: draw k has the seed k.
    """
    return [
        outcome(
            cell,
            seed,
            score + draw / 100 + seed / 10_000,
            digest=f"{cell}-{draw}-{seed}",
            settings={"model.hidden_size": str(20 + 7 * draw), "training.learning_rate": f"0.{draw + 1:03d}"},
            metrics={"best/val/accuracy": score + draw / 100 - 0.045 * (draw % 2 == 0), "parameters": 100 * draw + 50},
        )
        for cell, score in cells.items()
        for draw in range(draws)
        for seed in ([draw] if seeds is None else seeds)
    ]


SEARCH = {"model.hidden_size": "int(interval(20, 200))", "training.learning_rate": "interval(0.001, 0.2)"}
"""The distributions of `searched`."""


def only(table: AblationTable) -> TaskTable:
    (task_table,) = table.task_tables
    return task_table


def rows(table: AblationTable) -> dict[str, TableRow]:
    return {row.texts[0]: row for row in only(table).rows}


def labels(table: AblationTable) -> list[str]:
    return [row.texts[0] for row in only(table).rows]


def column(task_table: TaskTable, title: str) -> dict[str, str]:
    """Return {label: text} of the column with this title."""
    index = [column.title for column in task_table.columns].index(title)
    return {row.texts[0]: row.texts[index] for row in task_table.rows}


def table_with(label: str = "lstm_peephole[f=1 - i]", sentence: str = "out of memory") -> AblationTable:
    """Return a table of three cells, one of them with this label, and of one whose seeds fail with this sentence."""
    scores = {"base": 0.9, label: 0.8, "third": 0.9}
    outcomes = [outcome(cell, seed, score + seed / 300) for cell, score in scores.items() for seed in range(3)]
    outcomes += [outcome("lost", 0, 0.5)]
    outcomes += [outcome("lost", seed, 0.5, status="failed", sentence=sentence) for seed in (1, 2)]
    return table_of(changed(outcomes, chance=0.5), title="Gate <ablation> & more", question="Which <gate> matters?")
