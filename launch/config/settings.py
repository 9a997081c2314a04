"""The schema of the config: every key with its type. OmegaConf checks all configs and overrides against it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gatebench.control import SAVE_SECONDS
from gatebench.errors import UserError, out_of_range, unknown
from gatebench.lightning_targets import LOGGERS, check_part
from gatebench.records.home import Home
from gatebench.study import TESTS, VIEWS
from gatebench.trial import LARGEST_SEED, Training, Trial
from launch.config.device_counts import check_gpus
from launch.config.memory_size import memory_bytes
from launch.config.replica_count import check_replicas
from launch.config.retry_budgets import RetryBudgets
from launch.config.search_settings import SearchSettings
from launch.config.solved_sizes import SizedModel, plain_model
from tasks.data.files import default_root

TRIAL_KEYS = ("cell", "task", "model", "training", "seed")
"""The keys that make a trial. Only these and the keys below them can be swept."""

PATHS = ("path", "val_path", "test_path", "source_path", "target_path")
"""The parameters of tasks that name files of the user."""


@dataclass
class CellConfig:
    """The config of a cell, which `gatebench.cells.build_cell` takes.

    Attributes:
        name: the name in tables.
        base: the name of a cell in `gatebench.cells.BASES`, or of another config in `conf/cell`.
        source: the publication; None: that of the base.
        note: a remark; None: that of the base if the equations are those of the base.
        start: the rules of the initial weights by matrix, for example {"R": "identity"}.
        ablate: the ablations by gate, for example {"i": {"fix": 1}}.
        options: the options of an architecture that is no cell, for example {"heads": 2}; a cell has none.
    """

    name: str = "???"
    base: str = "???"
    source: str | None = None
    note: str | None = None
    start: dict[str, Any] = field(default_factory=dict)
    ablate: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)


@dataclass
class Settings:
    """One composed config. `conf/config.yaml` describes each key.

    Raises:
        UserError: a value is out of range.
    """

    cell: CellConfig = field(default_factory=CellConfig)
    task: dict[str, Any] = field(default_factory=dict)
    model: SizedModel = field(default_factory=SizedModel)
    training: Training = field(default_factory=Training)
    seed: int = 0
    trials: int | None = None
    search: SearchSettings = field(default_factory=SearchSettings)
    study: str = "scratch"
    question: str = ""
    baseline: str | None = None
    order: list[str] = field(default_factory=list)
    families: dict[str, list[str]] = field(default_factory=dict)
    arms: dict[str, list[str]] = field(default_factory=dict)
    test: str = "unpaired"
    metrics: list[str] = field(default_factory=list)
    published: list[str] = field(default_factory=list)
    force: bool = False
    home: str = "runs"
    data_root: str | None = None
    tracking_uri: str | None = None
    workers: int | None = None
    cpus_per_trial: int = 1
    gpus_per_trial: float | None = None
    memory_per_trial: str | None = None
    resources_per_trial: dict[str, float] = field(default_factory=dict)
    replicas: int | str = 1
    retries: RetryBudgets = field(default_factory=RetryBudgets)
    checkpoint_seconds: float = SAVE_SECONDS
    ray_address: str | None = None
    keep_memory: bool = True
    system_metrics: bool = False
    logger: dict[str, Any] = field(default_factory=dict)
    rebuild: bool = False
    format: str = "text"
    vary: list[str] = field(default_factory=list)
    view: str = "all"
    columns: list[str] = field(default_factory=list)
    file: str | None = None
    digest: str | None = None
    example: int = 0
    text: str | None = None
    page: str | None = None
    kind: list[str] = field(default_factory=list)
    record: bool = False
    yes: bool = False
    port: int = 5000

    def __post_init__(self) -> None:
        if not 0 <= self.seed <= LARGEST_SEED:
            raise out_of_range("seed", self.seed, f"a whole number from 0 to {LARGEST_SEED}")
        if self.workers is not None and self.workers < 1:
            raise out_of_range(
                "workers", self.workers, "a whole number of at least 1, or null for as many as the cores allow"
            )
        if self.cpus_per_trial < 1:
            raise out_of_range("cpus_per_trial", self.cpus_per_trial, "a whole number of at least 1")
        if self.gpus_per_trial is not None and not 0 <= self.gpus_per_trial < float("inf"):
            raise out_of_range("gpus_per_trial", self.gpus_per_trial, "a number of at least 0, or null")
        check_gpus(self.training, self.gpus_per_trial)
        memory_bytes("memory_per_trial", self.memory_per_trial)
        check_replicas(self.replicas)
        for name, config in self.logger.items():
            check_part(f"logger.{name}", config, LOGGERS)
        for name, amount in self.resources_per_trial.items():
            if not 0 < amount < float("inf"):
                raise out_of_range(f"resources_per_trial.{name}", amount, "a number greater than 0")
        if not 0 < self.checkpoint_seconds < float("inf"):
            raise out_of_range("checkpoint_seconds", self.checkpoint_seconds, "a number greater than 0")
        if not 1 <= self.port <= 65535:
            raise out_of_range("port", self.port, "a whole number from 1 to 65535")
        if not all(name.strip() for name in self.study.split(",")):
            raise UserError("study is empty; it must be a name.")
        if self.view not in VIEWS:
            raise unknown("view", self.view, VIEWS)
        if self.test not in TESTS:
            raise unknown("test", self.test, TESTS)

    @property
    def trial(self) -> Trial:
        """The trial that the config describes. Its model is a `SizedModel` if its hidden size is to be solved."""
        model = self.model if self.model.parameters is not None else plain_model(self.model)
        return Trial(cell_mapping(self.cell), with_absolute_path(self.task), model, self.training, self.seed)

    @property
    def studies(self) -> list[str]:
        """The names of the studies: several for `gatebench table study=a,b`."""
        return list(dict.fromkeys(name.strip() for name in self.study.split(",")))

    @property
    def one_study(self) -> str:
        """The name of the study.

        Raises:
            UserError: there are several names.
        """
        if len(self.studies) > 1:
            raise UserError(
                f"study is {self.study!r}; only gatebench table takes several studies, and a name has no comma."
            )
        return self.studies[0]

    @property
    def home_folder(self) -> Home:
        """The home, with an absolute path.

        Raises:
            UserError: it is a file.
        """
        root = Path(self.home or "runs").expanduser().absolute()
        if root.is_file():
            raise UserError(f"The home {root} is a file; it must be a folder.")
        return Home(root)

    @property
    def records_uri(self) -> str:
        """The address of the records; by default the sqlite file in the home."""
        return self.tracking_uri or self.home_folder.tracking_uri

    @property
    def data_folder(self) -> Path:
        """The data root; by default a folder in the user's cache."""
        return resolve_data_root(self.data_root)


def resolve_data_root(data_root: str | None) -> Path:
    """Return the absolute path of the data root; for None a folder in the user's cache."""
    return Path(data_root).expanduser().absolute() if data_root else default_root()


def cell_mapping(config: CellConfig) -> dict[str, Any]:
    """Return the config of a cell as `Trial.cell`, without the keys that are None, and without options if empty."""
    return {key: value for key, value in vars(config).items() if value is not None and (key != "options" or value)}


def with_absolute_path(task: dict[str, Any]) -> dict[str, Any]:
    """Return the config of a task as `Trial.task`, with absolute paths: a worker has another working directory."""
    given = {key: task[key] for key in PATHS if isinstance(task.get(key), str) and task[key]}
    return task | {key: str(Path(path).expanduser().absolute()) for key, path in given.items()}
