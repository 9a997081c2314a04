"""The contents of a trial's run in MLflow: its name, params, tags, metrics and files, and the outcome read from them.

This module needs no connection to MLflow.

A run of a trial has the tags "digest", "cell", "cell_digest", "task", "seed", "home", and the headline metric of its
task in "metric", "metric_direction", "metric_unit" and "chance". The tag "metrics" has all metrics of the task as JSON,
and "table_metrics" the names of those that tables show. When the trial has ended, the run also has "status", "sentence"
and the facts of the run. "infinite_metrics" has the infinite metrics as JSON, for example {"gate/l0/keep/f/tau/p90":
"inf"}: MLflow's database stores infinity as the largest finite number. If there are many, "infinite_metrics.1" and so
on have the others. Records of earlier versions lack some tags.
"""

import json
import math
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any, Literal, Protocol

import yaml

from gatebench.derive.equations import latex, plain_text
from gatebench.errors import UserError
from gatebench.outcome import Outcome, Status
from gatebench.spec.architecture import Architecture
from gatebench.task import Metric
from gatebench.trial import Trial

STATES: dict[Status, str] = {
    "finished": "FINISHED",
    "diverged": "FINISHED",
    "refused": "FAILED",
    "failed": "FAILED",
    "interrupted": "KILLED",
    "lost": "KILLED",
}
"""MLflow's state of a run, by the status of the outcome."""

SOURCE, PROGRAM = "mlflow.source.name", "gatebench"
"""The tag with the program that has written a run, and its value for the runs of trials."""

REPORT_TAG = "gatebench.report"
"""The tag of a report's run with the name of its study."""

TRACEBACK = "traceback"
"""The fact that is written to a file, because it is longer than a tag may be."""


EPOCH_METRICS = ("train/", "val/", "gate/", "system/")
"""The starts of the names of the metrics that are curves over the epochs, or over the time."""


class EpochValue(Protocol):
    """The value of a metric in an epoch, as MLflow returns it."""

    step: int
    value: float


_METRIC_TAGS = ("metric", "metric_direction", "metric_unit", "metrics", "table_metrics", "chance")
_TAGS_THAT_ARE_NO_FACTS = (
    "digest",
    "cell",
    "cell_digest",
    "task",
    "seed",
    "status",
    "sentence",
    "home",
    "attempt",
    "owner",
    *_METRIC_TAGS,
)
_INFINITE = "infinite_metrics"
_INFINITE_PER_TAG = 24
_LONGEST_PARAM, _LONGEST_TAG = 6000, 8000  # characters that MLflow allows
_BEST = "best/"


def run_name(trial: Trial) -> str:
    """Return the name of a trial's run, for example "lstm[i=1] · digits · seed 0"."""
    return f"{trial.build_compared().name} · {trial.build_task().label} · seed {trial.seed}"


def params(trial: Trial) -> dict[str, str]:
    """Return the config as flat params: {"model.hidden_size": "64", "cell.ablate.i.fix": "1", …}."""
    return {key: value[:_LONGEST_PARAM] for key, value in trial.flat_settings().items()}


def opening_tags(trial: Trial, home: str = "") -> dict[str, str]:
    """Return the tags of a run that begins.

    Args:
        trial: the trial.
        home: the host and the home of the process that writes the run; "" to leave them out.
    """
    cell, task = trial.build_compared(), trial.build_task()
    metric = task.metrics[0]
    tags = {
        "digest": trial.digest,
        "cell": cell.name,
        "cell_digest": cell.digest,
        "task": task.label,
        "metric": metric.name,
        "metric_direction": metric.direction,
        "metric_unit": metric.unit,
        "metrics": json.dumps([asdict(metric) for metric in task.metrics]),
        "table_metrics": ",".join(task.table_metrics),
        "chance": repr(task.chance),
        "seed": str(trial.seed),
        "home": home,
        SOURCE: PROGRAM,
        "mlflow.note.content": _description(trial),
    }
    return _without_empty(tags)


def closing_tags(outcome: Outcome) -> dict[str, str]:
    """Return the tags of a run that ends: its status, its message, the facts, and the infinite metrics."""
    facts = {key: value for key, value in outcome.facts.items() if key != TRACEBACK}
    infinite = _infinite_tags(outcome.metrics)
    tags = _without_empty({**facts, **infinite, "status": outcome.status, "sentence": outcome.sentence})
    return {key: value[:_LONGEST_TAG] for key, value in tags.items()}


def files(trial: Trial) -> dict[str, str]:
    """Return the files that are kept with a run: {name: text}. An architecture that is no cell has no equations."""
    cell = trial.build_compared()
    config = {"config.yaml": yaml.safe_dump(trial.to_dict(), sort_keys=False, allow_unicode=True)}
    if isinstance(cell, Architecture):
        return config
    return {**config, "equations.txt": plain_text(cell) + "\n", "equations.tex": latex(cell) + "\n"}


def epoch_metrics(metrics: Mapping[str, float]) -> dict[str, float]:
    """Return the metrics of an epoch that can be points of a curve: all but the infinite ones."""
    return {key: value for key, value in metrics.items() if not math.isinf(value)}


def curve(history: Iterable[EpochValue]) -> list[float]:
    """Return the values of a metric in the order of the epochs. An epoch without a value is NaN.

    Args:
        history: the values that MLflow keeps, each with its step.
    """
    values = {entry.step: entry.value for entry in history}
    return [values.get(step, math.nan) for step in range(max(values, default=-1) + 1)]


def final_metrics(metrics: Mapping[str, float]) -> dict[str, float]:
    """Return the finite metrics of an outcome with the names that they have in MLflow: "gate/…" becomes "best/gate/…".

    In MLflow, "gate/…" is the curve over the epochs. The infinite metrics are in `closing_tags`.
    """
    return {_BEST + key if key.startswith("gate/") else key: value for key, value in epoch_metrics(metrics).items()}


def _infinite_tags(metrics: Mapping[str, float]) -> dict[str, str]:
    """Return the tags with the infinite metrics, 24 in each, because a tag has a largest length."""
    infinite = [(key, str(float(value))) for key, value in metrics.items() if math.isinf(value)]
    parts = [infinite[start : start + _INFINITE_PER_TAG] for start in range(0, len(infinite), _INFINITE_PER_TAG)]
    return {f"{_INFINITE}.{n}" if n else _INFINITE: json.dumps(dict(part)) for n, part in enumerate(parts)}


def is_trial_run(tags: Mapping[str, str]) -> bool:
    """Return whether a run with these tags is the run of a trial. A study may contain other runs, which are ignored."""
    return tags.get(SOURCE) == PROGRAM and "digest" in tags and "cell_digest" in tags


def read_outcome(
    state: str, tags: Mapping[str, str], metrics: Mapping[str, float], params: Mapping[str, str]
) -> Outcome:
    """Return the outcome that a run contains.

    Args:
        state: MLflow's state of the run. It replaces a missing status: a run that was killed was interrupted.
        tags: the tags of the run.
        metrics: the last value of each metric of the run. Those of epochs are left out.
        params: the params of the run, which are the settings of the trial.

    Raises:
        UserError: a tag cannot be read, because somebody has changed it.
    """
    fallback: Status = "interrupted" if state == "KILLED" else "failed"
    statuses: dict[str | None, Status] = {status: status for status in STATES}
    try:
        read_metrics = _read_metrics(tags)
        return Outcome(
            digest=tags.get("digest", ""),
            cell=tags.get("cell", ""),
            cell_digest=tags.get("cell_digest", ""),
            task=tags.get("task", ""),
            seed=int(tags.get("seed", "0")),
            status=statuses.get(tags.get("status"), fallback),
            sentence=tags.get("sentence", ""),
            metrics={**_read_final_metrics(metrics), **_read_infinite_metrics(tags)},
            facts={key: value for key, value in tags.items() if _is_fact(key)},
            metric=read_metrics[0] if read_metrics else None,
            chance=float(tags["chance"]) if "chance" in tags else None,
            other_metrics=tuple(read_metrics[1:]),
            table_metrics=tuple(tags["table_metrics"].split(",")) if "table_metrics" in tags else (),
            settings=dict(params),
        )
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise UserError(
            f"The run of the trial {tags.get('digest')!r} in MLflow has a tag that cannot be read ({error}); "
            "delete the run, or restore its tags."
        ) from None


def _is_fact(tag: str) -> bool:
    return tag not in _TAGS_THAT_ARE_NO_FACTS and not tag.startswith(("mlflow.", _INFINITE))


def _read_metrics(tags: Mapping[str, str]) -> list[Metric]:
    """Return the metrics that the tags describe, the headline metric first; none in records of earlier versions."""
    if "metrics" in tags:
        return [_read_metric(values) for values in json.loads(tags["metrics"])]
    if "metric" not in tags:
        return []
    return [Metric(tags["metric"], _direction(tags.get("metric_direction")), tags.get("metric_unit", ""))]


def _read_metric(values: Mapping[str, Any]) -> Metric:
    """Return a metric from its JSON. Keys of later versions are ignored."""
    low, high = (None if values.get(key) is None else float(values[key]) for key in ("low", "high"))
    return Metric(str(values.get("name")), _direction(values.get("direction")), str(values.get("unit", "")), low, high)


def _direction(text: object) -> Literal["max", "min"]:
    return "max" if text == "max" else "min"


def _read_final_metrics(metrics: Mapping[str, float]) -> dict[str, float]:
    final = {key: value for key, value in metrics.items() if not key.startswith(EPOCH_METRICS)}
    return {
        key.removeprefix(_BEST) if key.startswith(_BEST + "gate/") else key: _with_infinity(value)
        for key, value in final.items()
    }


def _read_infinite_metrics(tags: Mapping[str, str]) -> dict[str, float]:
    texts = [text for key, text in tags.items() if key.startswith(_INFINITE)]
    return {key: float(value) for text in texts for key, value in json.loads(text).items()}


def _with_infinity(value: float) -> float:
    """Return infinity for the largest finite number, which earlier versions let MLflow's database store for it."""
    return math.copysign(math.inf, value) if abs(value) >= sys.float_info.max else value


def _without_empty(tags: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in tags.items() if value}


def _description(trial: Trial) -> str:
    """Return the run's description in Markdown."""
    cell, task = trial.build_compared(), trial.build_task()
    origin = " ".join(filter(None, [cell.source.rstrip(".") + "." if cell.source else "", cell.note]))
    first = f"**{cell.name}** on **{task.title}**, seed {trial.seed}."
    if isinstance(cell, Architecture):
        return f"{first} Not a cell: an architecture without gates. {origin}\n"
    return f"{first} {origin}\n\n```\n{plain_text(cell)}\n```\n"
