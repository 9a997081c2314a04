"""What a config holds: the schema that every key and every type is checked against."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gatebench.errors import UserError, out_of_range
from gatebench.records.home import Home
from gatebench.trial import Model, Training, Trial
from tasks.data.files import default_root

SWEPT = ("cell", "task", "model", "training", "seed")
"""The keys that make a trial: a sweep spans these, the others hold for all of it."""


@dataclass
class CellConfig:
    """A cell, as `gatebench.cells.build_cell` takes it."""

    name: str = "???"
    base: str = "???"
    source: str | None = None
    note: str | None = None
    start: dict[str, Any] = field(default_factory=dict)
    ablate: dict[str, Any] = field(default_factory=dict)


@dataclass
class Settings:
    """One composed config; `conf/config.yaml` says what each key means.

    Raises:
        UserError: a value is out of range.
    """

    cell: CellConfig = field(default_factory=CellConfig)
    task: dict[str, Any] = field(default_factory=dict)
    model: Model = field(default_factory=Model)
    training: Training = field(default_factory=Training)
    seed: int = 0
    study: str = "scratch"
    baseline: str | None = None
    force: bool = False
    home: str = "runs"
    data_root: str | None = None
    tracking_uri: str | None = None
    workers: int | None = None
    cpus_per_trial: int = 1
    gpus_per_trial: float | None = None
    ray_address: str | None = None
    keep_memory: bool = True
    format: str = "text"
    port: int = 5000

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise out_of_range("seed", self.seed, "a whole number of at least 0")
        if self.workers is not None and self.workers < 1:
            raise out_of_range("workers", self.workers, "a whole number of at least 1, or null for one a core")
        if self.cpus_per_trial < 1:
            raise out_of_range("cpus_per_trial", self.cpus_per_trial, "a whole number of at least 1")
        if self.gpus_per_trial is not None and not 0 <= self.gpus_per_trial < float("inf"):
            raise out_of_range("gpus_per_trial", self.gpus_per_trial, "a number of at least 0, or null")
        if not 1 <= self.port <= 65535:
            raise out_of_range("port", self.port, "a whole number from 1 to 65535")
        if not self.study.strip():
            raise UserError("study is empty; it must be a name.")

    @property
    def trial(self) -> Trial:
        """The trial that the config describes."""
        cell = {key: value for key, value in vars(self.cell).items() if value is not None}
        return Trial(cell, _from_anywhere(self.task), self.model, self.training, self.seed)

    @property
    def folder(self) -> Home:
        """The home as a folder."""
        return Home(Path(self.home or "runs").expanduser().absolute())

    @property
    def records(self) -> str:
        """The address of the records."""
        return self.tracking_uri or self.folder.tracking_uri

    @property
    def data(self) -> Path:
        """The data root; a cache folder of the user's if none is given."""
        return find_root(self.data_root)


def find_root(given: str | None) -> Path:
    """Return the data root that is meant; a cache folder of the user's if none is given."""
    return Path(given).expanduser().absolute() if given else default_root()


def _from_anywhere(task: dict[str, Any]) -> dict[str, Any]:
    """Return the task with its file's path made absolute: a worker has another working directory."""
    path = task.get("path")
    return task | {"path": str(Path(path).expanduser().absolute())} if isinstance(path, str) and path else task
