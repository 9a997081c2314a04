"""The contents of a trial's run in MLflow: its name, params, tags, metrics and files, and the outcome read from them.

This module needs no connection to MLflow.

A run of a trial has the tags "digest", "cell", "cell_digest", "task", "seed", "home", and the headline metric of its
task in "metric", "metric_direction", "metric_unit" and "chance". The tag "metrics" has all metrics of the task as JSON,
and "table_metrics" the names of those that tables show. When the trial has ended, the run also has "status", "sentence"
and the facts of the run. Records of earlier versions lack some tags of the metrics.
"""

import json
import math
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Literal

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
"""MLflow's state of a run, by the status of the outcome."""

TRACEBACK = "traceback"
"""The fact that is written to a file, because it is longer than a tag may be."""

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
    *_METRIC_TAGS,
)
_LONGEST_PARAM, _LONGEST_TAG = 6000, 8000  # characters that MLflow allows
_BEST = "best/"


def run_name(trial: Trial) -> str:
    """Return the name of a trial's run, for example "lstm[i=1] · digits · seed 0"."""
    return f"{trial.build_cell().name} · {trial.build_task().label} · seed {trial.seed}"


def params(trial: Trial) -> dict[str, str]:
    """Return the config as flat params: {"model.hidden_size": "64", "cell.ablate.i.fix": "1", …}."""
    return {key: value[:_LONGEST_PARAM] for key, value in trial.flat_settings().items()}


def opening_tags(trial: Trial, home: str) -> dict[str, str]:
    """Return the tags of a run that begins.

    Args:
        trial: the trial.
        home: the host and the home of the process that writes the run.
    """
    cell, task = trial.build_cell(), trial.build_task()
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
        "mlflow.source.name": "gatebench",
        "mlflow.note.content": _description(trial),
    }
    return _without_empty(tags)


def closing_tags(outcome: Outcome) -> dict[str, str]:
    """Return the tags of a run that ends: its status, its message, and the facts."""
    facts = {key: value for key, value in outcome.facts.items() if key != TRACEBACK}
    tags = _without_empty({**facts, "status": outcome.status, "sentence": outcome.sentence})
    return {key: value[:_LONGEST_TAG] for key, value in tags.items()}


def files(trial: Trial) -> dict[str, str]:
    """Return the files that are kept with a run: {name: text}."""
    cell = trial.build_cell()
    return {
        "config.yaml": yaml.safe_dump(trial.to_dict(), sort_keys=False, allow_unicode=True),
        "equations.txt": plain_text(cell) + "\n",
        "equations.tex": latex(cell) + "\n",
    }


def final_metrics(metrics: Mapping[str, float]) -> dict[str, float]:
    """Return an outcome's metrics with the names that they have in MLflow: "gate/…" becomes "best/gate/…".

    In MLflow, "gate/…" is the curve over the epochs.
    """
    return {_BEST + key if key.startswith("gate/") else key: value for key, value in metrics.items()}


def is_trial_run(tags: Mapping[str, str]) -> bool:
    """Return whether a run with these tags is the run of a trial. A study may contain other runs, which are ignored."""
    return "digest" in tags and "cell_digest" in tags


def read_outcome(
    state: str, tags: Mapping[str, str], metrics: Mapping[str, float], params: Mapping[str, str]
) -> Outcome:
    """Return the outcome that a run contains.

    Args:
        state: MLflow's state of the run. It replaces a missing status: a run that was killed was interrupted.
        tags: the tags of the run.
        metrics: the last value of each metric of the run. Those of epochs are left out.
        params: the params of the run, which are the settings of the trial.
    """
    fallback: Status = "interrupted" if state == "KILLED" else "failed"
    read_metrics = _read_metrics(tags)
    statuses: dict[str | None, Status] = {status: status for status in STATES}
    return Outcome(
        digest=tags.get("digest", ""),
        cell=tags.get("cell", ""),
        cell_digest=tags.get("cell_digest", ""),
        task=tags.get("task", ""),
        seed=int(tags.get("seed", "0")),
        status=statuses.get(tags.get("status"), fallback),
        sentence=tags.get("sentence", ""),
        metrics=dict(_read_final_metrics(metrics)),
        facts={key: value for key, value in tags.items() if _is_fact(key)},
        metric=read_metrics[0] if read_metrics else None,
        chance=float(tags["chance"]) if "chance" in tags else None,
        other_metrics=tuple(read_metrics[1:]),
        table_metrics=tuple(tags["table_metrics"].split(",")) if "table_metrics" in tags else (),
        settings=dict(params),
    )


def _is_fact(tag: str) -> bool:
    return tag not in _TAGS_THAT_ARE_NO_FACTS and not tag.startswith("mlflow.")


def _read_metrics(tags: Mapping[str, str]) -> list[Metric]:
    """Return the metrics that the tags describe, the headline metric first; none in records of earlier versions."""
    if "metrics" in tags:
        return [Metric(**values) for values in json.loads(tags["metrics"])]
    if "metric" not in tags:
        return []
    direction: Literal["max", "min"] = "max" if tags.get("metric_direction") == "max" else "min"
    return [Metric(tags["metric"], direction, tags.get("metric_unit", ""))]


def _read_final_metrics(metrics: Mapping[str, float]) -> Iterator[tuple[str, float]]:
    for key, value in metrics.items():
        if not key.startswith(("train/", "val/", "gate/")):
            yield key.removeprefix(_BEST) if key.startswith(_BEST + "gate/") else key, _with_infinity(value)


def _with_infinity(value: float) -> float:
    """Return infinity for the largest finite number: MLflow's database stores infinity as that number."""
    return math.copysign(math.inf, value) if abs(value) >= sys.float_info.max else value


def _without_empty(tags: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in tags.items() if value}


def _description(trial: Trial) -> str:
    """Return the run's description in Markdown."""
    cell, task = trial.build_cell(), trial.build_task()
    origin = " ".join(filter(None, [cell.source.rstrip(".") + "." if cell.source else "", cell.note]))
    return f"**{cell.name}** on **{task.title}**, seed {trial.seed}. {origin}\n\n```\n{plain_text(cell)}\n```\n"
