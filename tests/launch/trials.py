"""Trials and outcomes to test with."""

from typing import Any

from gatebench.outcome import Outcome, Status
from gatebench.trial import Model, Training, Trial

DIGITS = {"_target_": "tasks.images.digits.Digits", "split_seed": 0}
MNIST = {"_target_": "tasks.images.sequential_mnist.SequentialMnist"}


def trial(cell: str = "lstm", seed: int = 0, epochs: int = 3, **others: Any) -> Trial:
    """Return a small trial on digits."""
    model, training = Model(hidden_size=4), Training(max_epochs=epochs)
    return Trial({"name": cell, "base": cell}, others.pop("task", DIGITS), model, training, seed, **others)


def outcome(of: Trial, status: Status = "finished", score: float = 0.5, **others: Any) -> Outcome:
    """Return an outcome of a trial."""
    cell = of.build_cell()
    metrics = {"test/accuracy": score, "seconds": 1.5, "parameters": 100.0} if status == "finished" else {}
    sentence = "" if status == "finished" else "So it was."
    task = of.build_task()
    settings = {"sentence": sentence, "metrics": metrics, "metric": task.metrics[0], "chance": task.chance, **others}
    return Outcome(of.digest, cell.name, cell.digest, task.label, of.seed, status, **settings)
