"""A trial: everything that determines a result, as plain data with a digest. Imports neither torch nor Hydra."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

from gatebench.backends.names import AUTO, BACKEND_NAMES
from gatebench.cells import build_cell
from gatebench.errors import out_of_range, unknown
from gatebench.spec.cell import Cell
from gatebench.task import Task, build_task

OPTIMIZERS = {"adam": "Adam", "adamw": "AdamW", "rmsprop": "RMSprop", "sgd": "SGD"}
"""The optimisers: the name in configs, and the class in `torch.optim`."""

DEVICES = ("cpu", "cuda")
"""The devices that a network can be trained on."""


@dataclass(frozen=True)
class Model:
    """The network around the cell: layers of `hidden_size` units, dropout between layers and before the head."""

    hidden_size: int = 64
    num_layers: int = 1
    bidirectional: bool = False
    dropout: float = 0.0

    def __post_init__(self) -> None:
        _at_least("model.hidden_size", self.hidden_size, 1)
        _at_least("model.num_layers", self.num_layers, 1)
        if not 0 <= self.dropout < 1:
            raise out_of_range("model.dropout", self.dropout, "at least 0 and less than 1")


@dataclass(frozen=True)
class Training:
    """How the network is trained: early stopping and the best checkpoint go by the task's headline metric."""

    max_epochs: int = 30
    batch_size: int = 64
    optimizer: str = "adam"
    learning_rate: float = 1e-3
    weight_decay: float = 0.0
    gradient_clip: float = 1.0  # largest global norm of the gradient; 0 for none
    patience: int = 10  # epochs without a better validation score before it stops; 0 for never
    backend: str = "auto"
    device: str = "cpu"

    def __post_init__(self) -> None:
        for name, least in {
            "max_epochs": 1,
            "batch_size": 1,
            "weight_decay": 0,
            "gradient_clip": 0,
            "patience": 0,
        }.items():
            _at_least(f"training.{name}", getattr(self, name), least)
        if not 0 < self.learning_rate < float("inf"):
            raise out_of_range("training.learning_rate", self.learning_rate, "a finite number greater than 0")
        for name, allowed in {"optimizer": OPTIMIZERS, "backend": (AUTO, *BACKEND_NAMES), "device": DEVICES}.items():
            if getattr(self, name) not in allowed:
                raise unknown(f"training.{name}", getattr(self, name), allowed)


def _at_least(name: str, value: float, least: int) -> None:
    if not least <= value < float("inf"):
        raise out_of_range(name, value, f"a finite number of at least {least}")


@dataclass(frozen=True)
class Trial:
    """One run: a cell's config, a task's config, the network, the training, the seed."""

    cell: Mapping[str, Any]
    task: Mapping[str, Any]
    model: Model = field(default_factory=Model)
    training: Training = field(default_factory=Training)
    seed: int = 0

    def build_cell(self) -> Cell:
        """Return the cell that the config describes."""
        return build_cell(self.cell)

    def build_task(self) -> Task:
        """Return the task that the config describes."""
        return build_task(self.task)

    @cached_property
    def digest(self) -> str:
        """16 hex digits that stand for the result: of equations, data, task, network, training and seed.

        A cell enters by its equations, so renaming it changes nothing; data enter by their checksums.
        """
        task = self.build_task()
        content = {
            "cell": self.build_cell().digest,
            "task": [task.name, task.parameters(), sorted(task.checksums().items())],
            "model": asdict(self.model),
            "training": asdict(self.training),
            "seed": self.seed,
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]

    def to_dict(self) -> dict[str, Any]:
        """Return the trial as plain, JSON-ready data."""
        return asdict(self)
