"""A trial's entry in the records: what is written where, and the way back to an outcome. No client is needed."""

import math
import sys
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import yaml

from gatebench.derive.equations import latex, plain_text
from gatebench.outcome import Outcome, Status
from gatebench.task import Metric
from gatebench.trial import Trial

STATES: dict[Status, str] = {
    "finished": "FINISHED",
    "diverged": "FINISHED",
    "refused": "FAILED",
    "failed": "FAILED",
    "interrupted": "KILLED",
}
"""MLflow's state of a run with each of our statuses. A divergence is a result; it is not run again."""

TRACEBACK = "traceback"
"""The fact that is kept as a file of its own, being longer than a tag may be."""

_METRIC = ("metric", "metric_direction", "metric_unit", "chance")
_IDENTITY = ("digest", "cell", "cell_digest", "task", "seed", "status", "sentence", "home", *_METRIC)
_LONGEST_PARAM, _LONGEST_TAG = 6000, 8000  # characters that MLflow takes
_SHELF = "best/"


def name(trial: Trial) -> str:
    """Return what the run is called in lists."""
    return f"{trial.build_cell().name} · {trial.build_task().label} · seed {trial.seed}"


def params(trial: Trial) -> dict[str, str]:
    """Return the config, flattened: {"model.hidden_size": "64", "cell.ablate.i.fix": "1", …}."""
    flat = _flat("", trial.to_dict())
    return {key: str(value)[:_LONGEST_PARAM] for key, value in flat if value not in (None, {}, ())}


def opening_tags(trial: Trial, home: str) -> dict[str, str]:
    """Return the tags of a run that begins: what it can be grouped by, and whose it is."""
    cell, task = trial.build_cell(), trial.build_task()
    metric = task.metrics[0]
    return {
        "digest": trial.digest,
        "cell": cell.name,
        "cell_digest": cell.digest,
        "task": task.label,
        "metric": metric.name,
        "metric_direction": metric.direction,
        "metric_unit": metric.unit,
        "chance": repr(task.chance),
        "seed": str(trial.seed),
        "home": home,
        "mlflow.source.name": "gatebench",
        "mlflow.note.content": _note(trial),
    }


def closing_tags(outcome: Outcome) -> dict[str, str]:
    """Return the tags of a run that ends: its status and sentence, and the facts of what ran."""
    facts = {key: value for key, value in outcome.facts.items() if key != TRACEBACK}
    tags = {**facts, "status": outcome.status, "sentence": outcome.sentence}
    return {key: value[:_LONGEST_TAG] for key, value in tags.items() if value}


def files(trial: Trial) -> dict[str, str]:
    """Return the files to keep with the run: {name: text}."""
    cell = trial.build_cell()
    return {
        "config.yaml": yaml.safe_dump(trial.to_dict(), sort_keys=False, allow_unicode=True),
        "equations.txt": plain_text(cell) + "\n",
        "equations.tex": latex(cell) + "\n",
    }


def shelve(metrics: Mapping[str, float]) -> dict[str, float]:
    """Return the final figures under names that no epoch uses: those of the gates move from gate/… to best/gate/…."""
    return {_SHELF + key if key.startswith("gate/") else key: value for key, value in metrics.items()}


def outcome(state: str, tags: Mapping[str, str], metrics: Mapping[str, float]) -> Outcome:
    """Return the outcome that a run's record tells, with the final figures only."""
    fallback: Status = "interrupted" if state == "KILLED" else "failed"
    statuses: dict[str | None, Status] = {status: status for status in STATES}
    return Outcome(
        digest=tags.get("digest", ""),
        cell=tags.get("cell", ""),
        cell_digest=tags.get("cell_digest", ""),
        task=tags.get("task", ""),
        seed=int(tags.get("seed", "0")),
        status=statuses.get(tags.get("status"), fallback),
        sentence=tags.get("sentence", ""),
        metrics=dict(_unshelve(metrics)),
        facts={key: value for key, value in tags.items() if key not in _IDENTITY and not key.startswith("mlflow.")},
        metric=_metric(tags),
        chance=float(tags["chance"]) if "chance" in tags else None,
    )


def is_ours(tags: Mapping[str, str]) -> bool:
    """Return whether a run with these tags is a trial's. A study may hold other runs, which are left alone."""
    return "digest" in tags and "cell_digest" in tags


def _metric(tags: Mapping[str, str]) -> Metric | None:
    """Return the headline metric that the tags describe; None in records of earlier versions."""
    if "metric" not in tags:
        return None
    direction: Literal["max", "min"] = "max" if tags.get("metric_direction") == "max" else "min"
    return Metric(tags["metric"], direction, tags.get("metric_unit", ""))


def _unshelve(metrics: Mapping[str, float]) -> Iterator[tuple[str, float]]:
    for key, value in metrics.items():
        if not key.startswith(("train/", "val/", "gate/")):
            yield key.removeprefix(_SHELF) if key.startswith(_SHELF + "gate/") else key, _finite_or_not(value)


def _finite_or_not(value: float) -> float:
    """Return the infinity that MLflow's database keeps as the largest number."""
    return math.copysign(math.inf, value) if abs(value) >= sys.float_info.max else value


def _flat(prefix: str, value: Any) -> Iterator[tuple[str, Any]]:
    if not (isinstance(value, Mapping) and value):
        yield prefix, value
        return
    for key, below in value.items():
        yield from _flat(f"{prefix}.{key}" if prefix else str(key), below)


def _note(trial: Trial) -> str:
    """Return the run's description in Markdown."""
    cell, task = trial.build_cell(), trial.build_task()
    said = " ".join(filter(None, [cell.source.rstrip(".") + "." if cell.source else "", cell.note]))
    return f"**{cell.name}** on **{task.title}**, seed {trial.seed}. {said}\n\n```\n{plain_text(cell)}\n```\n"
