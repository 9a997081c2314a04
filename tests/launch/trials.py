"""Trials and outcomes to test with."""

from dataclasses import replace
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
    metrics = (
        {"test/accuracy": score, "best/val/accuracy": score, "seconds": 1.5, "parameters": 100.0}
        if status == "finished"
        else {}
    )
    sentence = "" if status == "finished" else "So it was."
    return replace(Outcome.of(of, status, sentence, metrics=metrics), **others)
