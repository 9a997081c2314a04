"""The home: the one folder that gatebench writes to. Several processes may use it at the same time, see `owner`."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Home:
    """The folder of the records and of all other files that gatebench writes. It is created by `owner_of`.

    Attributes:
        root: the path of the folder.
    """

    root: Path

    @property
    def database(self) -> Path:
        """The sqlite file of MLflow."""
        return self.root / "mlflow.db"

    @property
    def tracking_uri(self) -> str:
        """The address of the records, unless a config has another one."""
        return f"sqlite:///{self.database.absolute()}"

    @property
    def artifacts(self) -> Path:
        """The folder of the runs' files: configs, equations."""
        return self.root / "artifacts"

    @property
    def spool(self) -> Path:
        """The folder of the trials that wait to be recorded, see `gatebench.records.spool`."""
        return self.root / "spool"
