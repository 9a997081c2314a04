"""A trial: all settings that determine a result, as plain data with a digest.

This module imports neither torch nor Hydra, so plans and tables are fast.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property, lru_cache
from typing import Any

from gatebench.architecture_checks import check_architecture
from gatebench.cells import build_cell, build_compared
from gatebench.errors import UserError
from gatebench.setting_checks import check_at_least, check_probability
from gatebench.spec.architecture import Architecture
from gatebench.spec.cell import Cell
from gatebench.spec.initial_rules import DEFAULT_WEIGHTS, WEIGHT_KINDS, network_rules
from gatebench.task import Task, build_task
from gatebench.training_settings import NEUTRAL_TRAINING, Training, without_neutral

__all__ = ["LARGEST_SEED", "NEUTRAL", "WEIGHT_KINDS", "Model", "Training", "Trial", "add_digests"]

MOST_LAYERS = 1000
"""The largest number of recurrent layers."""

LARGEST_SEED = 10**12
"""The largest seed of a trial. Seeds of generators are computed from it, and torch allows 64 bits."""

NEUTRAL: Mapping[str, Mapping[str, Any]] = {
    "model": {
        "variational_dropout": 0.0,
        "recurrent_dropout": 0.0,
        "weight_drop": 0.0,
        "initial_weights": DEFAULT_WEIGHTS,
        "initial_scale": None,
        "embed_input": False,
    },
    "training": NEUTRAL_TRAINING,
}
"""The neutral values of the settings of `Model` and `Training` that later versions added.

A setting at its neutral value does not enter the digest, so a trial of an earlier version keeps its digest. The
settings that the first version had are not listed: they always enter.
"""

_MOST_BUILT = 4096  # cells and tasks that are kept for other trials with the same config


@dataclass(frozen=True)
class Model:
    """The network around the cell.

    Attributes:
        hidden_size: H, the number of units of a layer and a direction.
        num_layers: number of recurrent layers.
        bidirectional: whether each layer also reads the sequence backwards.
        dropout: probability of dropout between layers and before the head, at least 0 and less than 1. Each step has
            other zeros.
        variational_dropout: probability of dropout of the input of each layer and of the head, with the same zeros at
            all steps of a sequence (Gal & Ghahramani 2016).
        recurrent_dropout: probability of dropout of the vectors that the recurrent weights multiply, with the same
            zeros at all steps of a sequence and in all gates (Gal & Ghahramani 2016).
        weight_drop: probability that a recurrent weight is 0 for a batch (Merity et al. 2018).
        initial_weights: an item of `WEIGHT_KINDS`: how the matrices and peepholes of the recurrent layers are drawn.
        initial_scale: the bound of initial weights that are uniform, or the standard deviation of those that are
            normal; null for the other kinds.
        embed_input: whether a linear map with H outputs lies between the task's encoder and the first recurrent layer,
            so that I = H, which MUT1 and MUT2 need (Jozefowicz et al. 2015).
    """

    hidden_size: int = 64
    num_layers: int = 1
    bidirectional: bool = False
    dropout: float = 0.0
    variational_dropout: float = 0.0
    recurrent_dropout: float = 0.0
    weight_drop: float = 0.0
    initial_weights: str = DEFAULT_WEIGHTS
    initial_scale: float | None = None
    embed_input: bool = False

    def __post_init__(self) -> None:
        check_at_least("model.hidden_size", self.hidden_size, 1)
        check_at_least("model.num_layers", self.num_layers, 1, MOST_LAYERS)
        for name in ("dropout", "variational_dropout", "recurrent_dropout", "weight_drop"):
            check_probability(f"model.{name}", getattr(self, name))
        if self.dropout and self.variational_dropout:
            raise UserError(
                f"model.dropout={self.dropout:g} and model.variational_dropout={self.variational_dropout:g} exclude "
                "each other; set one of them to 0."
            )
        network_rules(self.initial_weights, self.initial_scale)

    def to_dict(self) -> dict[str, Any]:
        """Return the settings by name. Those of `NEUTRAL` are left out if they have their neutral value."""
        return without_neutral(vars(self), NEUTRAL["model"])

    def first_width(self, inputs: int) -> int:
        """Return I, the input size of the first recurrent layer, for an output size of the task's encoder."""
        return self.hidden_size if self.embed_input else inputs


@dataclass(frozen=True)
class Trial:
    """The settings of one run.

    Attributes:
        cell: config of the cell.
        task: config of the task.
        model: the network around the cell.
        training: the settings of the training.
        seed: seed of the initial weights, the order of the batches and dropout.
        stop_scores: pairs of an epoch, from 1, and a validation score. Training stops after the first of these epochs
            at which the best score so far is worse than the score. Empty: no trial is stopped. They are computed from
            earlier trials, see `gatebench.search.stopping`.
    """

    cell: Mapping[str, Any]
    task: Mapping[str, Any]
    model: Model = field(default_factory=Model)
    training: Training = field(default_factory=Training)
    seed: int = 0
    stop_scores: tuple[tuple[int, float], ...] = ()

    def build_cell(self) -> Cell:
        """Return the cell that the config describes. Trials with the same config share it.

        Raises:
            UserError: the config is not allowed, or it describes an architecture that is no cell.
        """
        return _built_cell(_Config(repr(self.cell), self.cell))

    def build_compared(self) -> Cell | Architecture:
        """Return what the trial compares: its cell, or an architecture that is no cell."""
        return _built_compared(_Config(repr(self.cell), self.cell))

    def build_task(self) -> Task:
        """Return the task that the config describes. Trials with the same config share it."""
        return _built_task(_Config(repr(self.task), self.task))

    @cached_property
    def digest(self) -> str:
        """The first 16 hex digits of a SHA-256 of everything that determines the result.

        The digest contains the equations of the cell and not its name, and the checksums of the data. It contains the
        backend and the device, because they change the last bits of a result.
        """
        return _Digests().of(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the trial as plain data that can be written as JSON. Without scores to stop at, it has no such key."""
        content = asdict(self) | {"model": self.model.to_dict(), "training": self.training.to_dict()}
        stop_scores = content.pop("stop_scores")
        return content | ({"stop_scores": [list(pair) for pair in stop_scores]} if stop_scores else {})

    def flat_settings(self) -> dict[str, str]:
        """Return the settings by dotted key: {"model.hidden_size": "64", "cell.ablate.i.fix": "1", …}."""
        content = {
            "cell": self.cell,
            "task": self.task,
            "model": self.model.to_dict(),
            "training": self.training.to_dict(),
            "seed": self.seed,
        }
        return {key: str(value) for key, value in _flat("", content) if value not in (None, {}, ())}


def add_digests(trials: Iterable[Trial]) -> None:
    """Compute the digests of many trials. Each cell and each task is built once, and the data are read once.

    Raises:
        UserError: a cell or a task is not allowed, or its data cannot be read.
    """
    digests = _Digests()
    for trial in trials:
        vars(trial)["digest"] = digests.of(trial)  # where `cached_property` keeps its value


class _Digests:
    """Computes the digests of trials. The texts of their parts are kept, because many trials share them."""

    def __init__(self) -> None:
        self._cells: dict[str, str] = {}
        self._architectures: dict[str, Architecture] = {}
        self._tasks: dict[str, str] = {}
        self._settings: dict[tuple[str, str], str] = {}

    def of(self, trial: Trial) -> str:
        """Return the digest of a trial."""
        texts = {
            "cell": self._cell(trial),
            "model": self._of_settings("model", trial.model),
            "seed": json.dumps(trial.seed),
            "task": self._task(trial),
            "training": self._of_settings("training", trial.training),
        }
        if trial.stop_scores:  # other trials keep the digests that they had before there were such scores
            texts["stop_scores"] = json.dumps(trial.stop_scores)
        content = ", ".join(f'"{key}": {text}' for key, text in texts.items())
        return hashlib.sha256(f"{{{content}}}".encode()).hexdigest()[:16]

    def _cell(self, trial: Trial) -> str:
        config = repr(trial.cell)
        if config not in self._cells:
            compared = trial.build_compared()
            self._cells[config] = json.dumps(compared.digest)
            if isinstance(compared, Architecture):
                self._architectures[config] = compared
        if config in self._architectures:
            _check_architecture(self._architectures[config], trial)
        return self._cells[config]

    def _task(self, trial: Trial) -> str:
        config = repr(trial.task)
        if config not in self._tasks:
            task = trial.build_task()
            content = [task.name, task.parameters(), sorted(task.checksums().items())]
            self._tasks[config] = json.dumps(content, sort_keys=True)
        return self._tasks[config]

    def _of_settings(self, part: str, settings: Model | Training) -> str:
        key = (part, repr(settings))
        if key not in self._settings:
            self._settings[key] = json.dumps(settings.to_dict(), sort_keys=True)
        return self._settings[key]


def _check_architecture(architecture: Architecture, trial: Trial) -> None:
    """Check that no setting of a trial needs a cell, and that its task does not."""
    check_architecture(architecture, vars(trial.model), vars(trial.training), trial.build_task().is_stream)


@dataclass(frozen=True)
class _Config:
    """The config of a cell or a task as the key of a cache: configs with the same text are equal."""

    text: str
    content: Mapping[str, Any] = field(compare=False)


@lru_cache(maxsize=_MOST_BUILT)
def _built_cell(config: _Config) -> Cell:
    return build_cell(config.content)


@lru_cache(maxsize=_MOST_BUILT)
def _built_compared(config: _Config) -> Cell | Architecture:
    return build_compared(config.content)


@lru_cache(maxsize=_MOST_BUILT)
def _built_task(config: _Config) -> Task:
    return build_task(config.content)


def _flat(prefix: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the leaves of a nested mapping with their dotted keys."""
    if not (isinstance(value, Mapping) and value):
        yield prefix, value
        return
    for key, nested in value.items():
        yield from _flat(f"{prefix}.{key}" if prefix else str(key), nested)
