"""Trials of one task to draw, and a check of their figures."""

import warnings
from collections.abc import Sequence
from importlib import import_module
from typing import Any
from xml.etree import ElementTree

from matplotlib.text import Text

from gatebench.colours import colours_of
from gatebench.outcome import Outcome, Status
from gatebench.report.figures.style import figure_settings
from gatebench.report.figures.task_trials import TaskTrials, trials_by_task
from gatebench.task import Metric

ACCURACY = Metric("accuracy", "max", low=0.0, high=1.0)
LOSS = Metric("loss", "min", "nats")


def outcome(
    cell: str, seed: int, score: float = 0.5, /, *, task: str = "digits", status: Status = "finished", **metrics: Any
) -> Outcome:
    """Return an outcome with the validation score `score + 0.01 seed`. In names of metrics, __ stands for a slash."""
    values = {
        "best/val/accuracy": score + 0.01 * seed,
        "test/accuracy": score,
        "parameters": 100.0 + len(cell),
        "seconds": 1.0 + seed,
        "flops/step": 1000.0,
        **{name.replace("__", "/"): value for name, value in metrics.items()},
    }
    key = f"{task} {cell} {seed}"
    return Outcome(key, cell, cell, task, seed, status, metrics=values, metric=ACCURACY, chance=0.1)


def task_trials(outcomes: Sequence[Outcome], **data: Any) -> TaskTrials:
    """Return the trials of the only task of some outcomes."""
    (trials,) = trials_by_task(outcomes, [], colours_of(one.cell for one in outcomes), **data)
    return trials


def drawn(kind: str, trials: TaskTrials) -> list[str]:
    """Draw a figure without a warning, check it, and return the texts in it."""
    with warnings.catch_warnings(), figure_settings():
        warnings.simplefilter("error")
        drawing = import_module(f"gatebench.report.figures.kinds.{kind}").figure(trials)
        picture = drawing.render(["svg"])["svg"]
    assert ElementTree.fromstring(picture).tag == "{http://www.w3.org/2000/svg}svg"
    return [text.get_text() for text in drawing.figure.findobj(Text) if text.get_text()]
