"""The home: the one folder that gatebench writes to. Several processes may use it at the same time, see `owner`."""

import re
from dataclasses import dataclass
from pathlib import Path

from gatebench.errors import UserError

_SPECIAL = re.compile(r"[?#]|%[0-9a-fA-F]{2}")


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
        """The address of the records, unless a config has another one.

        Raises:
            UserError: the path has characters with a meaning in an address, which versions of SQLAlchemy read
                differently.
        """
        path = str(self.database.absolute())
        if (found := _SPECIAL.search(path)) is not None:
            raise UserError(
                f"The home {self.root} cannot be used, because {found[0]!r} in its path has a meaning in the address "
                "of a database; rename the folder, or choose another home=…."
            )
        return f"sqlite:///{path}"

    @property
    def artifacts(self) -> Path:
        """The folder of the runs' files: configs, equations."""
        return self.root / "artifacts"

    @property
    def spool(self) -> Path:
        """The folder of the trials that wait to be recorded, see `gatebench.records.spool`."""
        return self.root / "spool"
