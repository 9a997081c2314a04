"""Small trials on tasks of every kind, and the comparison of two outcomes to the last bit."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import torch
from safetensors.torch import load
from torch import nn

from gatebench.control import Control
from gatebench.outcome import Epoch, Outcome
from gatebench.task import Metric, Problem, Task
from gatebench.training import run_trial
from gatebench.training.weights_file import FILE_NAME
from gatebench.trial import Model, Training, Trial
from tasks.blocks.every_step import EveryStep
from tasks.blocks.objectives import LastStep, accuracy, count_correct, cross_entropy
from tasks.blocks.splits import TensorSplit
from tasks.speech.augmentation import Augment, Augmentations
from tasks.text import next_token
from tasks.text.text_windows import text_windows

LSTM, GRU = {"name": "lstm", "base": "lstm"}, {"name": "gru", "base": "gru"}


@dataclass(frozen=True)
class Tokens(Task):
    """Whether a sentence of token numbers contains the token 1. The encoder has weights and dropout."""

    title, licence, protocol = "a token", "none", "none"
    metrics: ClassVar[tuple[Metric, ...]] = (Metric("accuracy", "max"),)
    chance = 0.5

    def checksums(self) -> dict[str, str]:
        return {"made": "0"}

    def load(self, root: Path, cache: Path | None = None) -> Problem:
        generator = torch.Generator().manual_seed(0)
        x = torch.randint(0, 9, (70, 6), generator=generator)
        lengths = torch.randint(2, 7, (70,), generator=generator)
        y = ((x == 1) & (torch.arange(6) < lengths[:, None])).any(1).long()
        parts = (slice(0, 35), slice(35, 55), slice(55, 70))
        train, val, test = (TensorSplit(x[part], y[part], lengths[part]) for part in parts)
        encoder = nn.Sequential(nn.Embedding(9, 3), nn.Dropout(0.3))
        head = partial(LastStep, classes=2)
        return Problem(train, val, test, 3, 6, encoder, head, cross_entropy, count_correct, accuracy)


@dataclass(frozen=True)
class Augmented(Task):
    """Whether a sum is positive. Training examples are shifted and masked, with a generator of the encoder."""

    title, licence, protocol = "an augmented sum", "none", "none"
    metrics: ClassVar[tuple[Metric, ...]] = (Metric("accuracy", "max"),)
    chance = 0.5

    def checksums(self) -> dict[str, str]:
        return {"made": "0"}

    def load(self, root: Path, cache: Path | None = None) -> Problem:
        x = torch.randn(70, 6, 2, generator=torch.Generator().manual_seed(0))
        y = (x.sum((1, 2)) > 0).long()
        train, val, test = (TensorSplit(x[a:b], y[a:b]) for a, b in ((0, 35), (35, 55), (55, 70)))
        encoder = Augment(torch.zeros(2), torch.ones(2), torch.zeros(2), Augmentations(shift=2, time_mask=3))
        head = partial(LastStep, classes=2)
        return Problem(train, val, test, 2, 6, encoder, head, cross_entropy, count_correct, accuracy)


@dataclass(frozen=True)
class Text(Task):
    """The next token of a text, with a state that passes from one section to the next."""

    title, licence, protocol = "a text", "none", "none"
    metrics: ClassVar[tuple[Metric, ...]] = (Metric("nll", "min"),)
    chance = 1.1

    def checksums(self) -> dict[str, str]:
        return {"made": "0"}

    def load(self, root: Path, cache: Path | None = None) -> Problem:
        tokens = torch.randint(0, 3, (200,), generator=torch.Generator().manual_seed(0)).numpy()
        train, val, test = (text_windows(part, 6) for part in (tokens[:140], tokens[140:170], tokens[170:]))
        head = partial(EveryStep, outputs=3, causal=True)
        objective = (next_token.next_token_loss, next_token.count_tokens, next_token.nats_and_accuracy)
        splits = (train, val, test)
        return Problem(
            *splits, 3, 6, nn.Embedding(3, 3), head, *objective, targets=next_token.tokens, carries_state=True
        )


def _trial(cell: dict[str, Any], task: str, settings: dict[str, Any], training: Training) -> Trial:
    return Trial(cell, {"_target_": task, **settings}, Model(5, num_layers=2, dropout=0.3), training)


_SIZES = {"training": 35, "validation": 20, "test": 15}
_HERE = "tests.gatebench.training.checkpoint.trials"
_TRAINING = Training(max_epochs=3, batch_size=8, learning_rate=0.05, backend="reference")
_FUSED = replace(_TRAINING, backend="fused")

TRIALS = {
    "lengths": _trial(
        LSTM, "tasks.synthetic.parity.Parity", {**_SIZES, "length": 6, "shortest_test": 7, "length_test": 8}, _FUSED
    ),
    "tokens": _trial(GRU, f"{_HERE}.Tokens", {"name": "tokens"}, replace(_FUSED, optimizer="sgd", gradient_clip=0.1)),
    "every step": _trial(GRU, "tasks.synthetic.reber.Reber", _SIZES, replace(_TRAINING, gradient_clip=0.0)),
    "regression": _trial(
        LSTM, "tasks.synthetic.adding.Adding", {**_SIZES, "length": 6}, replace(_TRAINING, optimizer="rmsprop")
    ),
    "augmentation": _trial(
        LSTM, f"{_HERE}.Augmented", {"name": "augmented"}, replace(_TRAINING, optimizer="adamw", weight_decay=0.01)
    ),
    "graves": _trial(
        GRU,
        "tasks.synthetic.adding.Adding",
        {**_SIZES, "length": 6},
        replace(_TRAINING, optimizer="rmsprop_graves", momentum=0.9, gradient_clip=0.0, gradient_rescale=0.5),
    ),
    "plateau": _trial(
        GRU,
        "tasks.synthetic.adding.Adding",
        {**_SIZES, "length": 6},
        replace(_TRAINING, optimizer="adagrad", max_epochs=4, schedule="plateau", schedule_epochs=1, warmup_steps=12),
    ),
    "noise": _trial(
        LSTM,
        "tasks.synthetic.reber.Reber",
        _SIZES,
        replace(_FUSED, max_epochs=2, optimizer="sgd", momentum=0.9, nesterov=True, weight_noise=0.05, input_noise=0.1),
    ),
    "bfloat16": _trial(
        LSTM, f"{_HERE}.Tokens", {"name": "tokens"}, replace(_FUSED, max_epochs=2, precision="bf16-mixed")
    ),
    "attention": Trial(
        {"name": "attention", "base": "attention", "options": {"heads": 1}},
        {"_target_": "tasks.synthetic.parity.Parity", **_SIZES, "length": 6, "shortest_test": 7, "length_test": 8},
        Model(4, dropout=0.3),
        replace(_TRAINING, backend="auto"),
    ),
    "masks": Trial(
        GRU,
        {"_target_": "tasks.synthetic.reber.Reber", **_SIZES},
        Model(5, num_layers=2, variational_dropout=0.2, recurrent_dropout=0.3, weight_drop=0.1),
        replace(_FUSED, max_epochs=2, tbptt=5),
    ),
    "text": _trial(LSTM, f"{_HERE}.Text", {"name": "text"}, replace(_FUSED, batch_size=5)),
    "stream": _trial(
        GRU,
        "tests.gatebench.training.test_stream.Signs",
        {"name": "signs", "signs": (1, -1, 1)},
        replace(_FUSED, batch_size=64, max_epochs=2, patience=1),
    ),
    "stream with a schedule": _trial(
        GRU,
        "tests.gatebench.training.test_stream.Signs",
        {"name": "signs", "signs": (1, -1)},
        replace(_FUSED, batch_size=64, max_epochs=2, optimizer="adagrad", schedule="cosine", warmup_steps=6),
    ),
}
"""Trials with dropout and two layers on tasks of every kind, with several cells, backends and optimisers."""


def run(trial: Trial, home: Path, control: Control | None = None) -> tuple[Outcome, list[Epoch]]:
    """Run a trial. Return its outcome and the epochs that it sent."""
    epochs: list[Epoch] = []
    return run_trial(trial, home=home, data_root=None, emit=epochs.append, control=control), epochs


def bits(outcome: Outcome, epochs: list[Epoch]) -> dict[str, Any]:
    """Return everything of a run but the times, in a form in which equal values have equal bits."""
    files: dict[str, Callable[[bytes], Any]] = {FILE_NAME: _tensors}
    return {
        "status": (outcome.status, outcome.sentence),
        "metrics": _exact({name: one for name, one in outcome.metrics.items() if not name.startswith("seconds")}),
        "facts": {name: one for name, one in outcome.facts.items() if name != "commit"},  # one may commit meanwhile
        "files": {name: files.get(name, bytes)(content) for name, content in outcome.files.items()},
        "epochs": [(epoch.epoch, epoch.total, _exact(epoch.metrics)) for epoch in epochs],
    }


def _exact(metrics: Any) -> dict[str, str]:
    return {name: repr(value) for name, value in metrics.items()}


def _tensors(content: bytes) -> dict[str, bytes]:
    """Return the bytes of each tensor. The order in the file and that of its metadata are not always the same."""
    return {name: one.contiguous().numpy().tobytes() for name, one in sorted(load(content).items())}
