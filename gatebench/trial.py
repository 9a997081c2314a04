"""A trial: all settings that determine a result, as plain data with a digest.

This module imports neither torch nor Hydra, so plans and tables are fast.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

from gatebench.backends.names import AUTO, BACKEND_NAMES
from gatebench.cells import build_cell
from gatebench.errors import out_of_range, unknown
from gatebench.spec.cell import Cell
from gatebench.task import Task, build_task

OPTIMIZERS = {"adam": "Adam", "adamw": "AdamW", "rmsprop": "RMSprop", "sgd": "SGD"}
"""{name in configs: class in `torch.optim`} of the optimisers."""

DEVICES = ("cpu", "cuda")
"""The devices on which a network can be trained."""

NEUTRAL = {"devices": 1, "nodes": 1}
"""The settings of the training that are not part of a trial's digest while they have this value."""


@dataclass(frozen=True)
class Model:
    """The network around the cell.

    Attributes:
        hidden_size: H, the number of units of a layer and a direction.
        num_layers: number of recurrent layers.
        bidirectional: whether each layer also reads the sequence backwards.
        dropout: probability of dropout between layers and before the head, at least 0 and less than 1.
    """

    hidden_size: int = 64
    num_layers: int = 1
    bidirectional: bool = False
    dropout: float = 0.0

    def __post_init__(self) -> None:
        _check_at_least("model.hidden_size", self.hidden_size, 1)
        _check_at_least("model.num_layers", self.num_layers, 1)
        if not 0 <= self.dropout < 1:
            raise out_of_range("model.dropout", self.dropout, "at least 0 and less than 1")


@dataclass(frozen=True)
class Training:
    """The settings of the training.

    Early stopping and the choice of the best epoch use the task's headline metric on the validation split.

    Attributes:
        max_epochs: largest number of epochs.
        batch_size: number of sequences in a batch.
        optimizer: a key of `OPTIMIZERS`.
        learning_rate: learning rate of the optimiser.
        weight_decay: weight decay of the optimiser.
        gradient_clip: largest allowed global norm of the gradient; 0 for no clipping.
        patience: number of epochs without a better validation score after which training stops; 0 for never.
        backend: name of the backend that computes the recurrent layers; "auto" lets the program choose.
        device: an item of `DEVICES`.
        devices: number of devices that train one network on one machine. Each computes its share of every batch.
        nodes: number of machines that train one network, each with `devices` devices.
    """

    max_epochs: int = 30
    batch_size: int = 64
    optimizer: str = "adam"
    learning_rate: float = 1e-3
    weight_decay: float = 0.0
    gradient_clip: float = 1.0
    patience: int = 10
    backend: str = "auto"
    device: str = "cpu"
    devices: int = 1
    nodes: int = 1

    def __post_init__(self) -> None:
        minima = {"max_epochs": 1, "batch_size": 1, "weight_decay": 0, "gradient_clip": 0, "patience": 0}
        minima |= {"devices": 1, "nodes": 1}
        for name, minimum in minima.items():
            _check_at_least(f"training.{name}", getattr(self, name), minimum)
        if not 0 < self.learning_rate < float("inf"):
            raise out_of_range("training.learning_rate", self.learning_rate, "a finite number greater than 0")
        choices = {"optimizer": OPTIMIZERS, "backend": (AUTO, *BACKEND_NAMES), "device": DEVICES}
        for name, allowed in choices.items():
            if getattr(self, name) not in allowed:
                raise unknown(f"training.{name}", getattr(self, name), allowed)
        if self.ranks > self.batch_size:
            raise out_of_range("training.batch_size", self.batch_size, f"at least {self.ranks}, one for each device")

    @property
    def ranks(self) -> int:
        """The number of processes that train one network, one for each device."""
        return self.devices * self.nodes

    def to_dict(self) -> dict[str, Any]:
        """Return the settings by name. Those of `NEUTRAL` are left out if they have their neutral value."""
        settings = asdict(self)
        return {name: value for name, value in settings.items() if (name, value) not in NEUTRAL.items()}


def _check_at_least(name: str, value: float, minimum: int) -> None:
    if not minimum <= value < float("inf"):
        raise out_of_range(name, value, f"a finite number of at least {minimum}")


@dataclass(frozen=True)
class Trial:
    """The settings of one run.

    Attributes:
        cell: config of the cell.
        task: config of the task.
        model: the network around the cell.
        training: the settings of the training.
        seed: seed of the initial weights, the order of the batches and dropout.
    """

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
        """The first 16 hex digits of a SHA-256 of everything that determines the result.

        The digest contains the equations of the cell and not its name, and the checksums of the data.
        """
        task = self.build_task()
        content = {
            "cell": self.build_cell().digest,
            "task": [task.name, task.parameters(), sorted(task.checksums().items())],
            "model": asdict(self.model),
            "training": self.training.to_dict(),
            "seed": self.seed,
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]

    def to_dict(self) -> dict[str, Any]:
        """Return the trial as plain data that can be written as JSON."""
        return asdict(self) | {"training": self.training.to_dict()}

    def flat_settings(self) -> dict[str, str]:
        """Return the settings by dotted key: {"model.hidden_size": "64", "cell.ablate.i.fix": "1", …}."""
        return {key: str(value) for key, value in _flat("", self.to_dict()) if value not in (None, {}, ())}


def _flat(prefix: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the leaves of a nested mapping with their dotted keys."""
    if not (isinstance(value, Mapping) and value):
        yield prefix, value
        return
    for key, nested in value.items():
        yield from _flat(f"{prefix}.{key}" if prefix else str(key), nested)
