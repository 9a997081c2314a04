"""A series as it is published: a CSV file of a date and columns of numbers, alone or in a zip archive."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gatebench.errors import UserError
from tasks.data.files import check_published, find_file, read_file

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class PublishedSeries:
    """One CSV file, with how it is found and verified.

    file: the CSV file's name. sha256, size: of the CSV file, in hex digits and bytes. archive: the name of the zip
    archive that may hold it. folders: below the data root, where either is looked for. home: where it is published.
    columns: how many there are beside the date, which is the first.
    """

    file: str
    sha256: str
    size: int
    archive: str
    folders: tuple[str, ...]
    home: str
    columns: int

    def read(self, root: Path) -> NDArray[np.float64]:
        """Return the columns (N, I) of the file below the data root `root`; the archive itself is not verified.

        Raises:
            MissingFile: neither the file nor the archive is there.
            UserError: it cannot be read, or is not the published one.
        """
        import io

        import numpy as np

        from tasks.data.zipped import read_zipped

        path = find_file(root, self.folders, (self.file, self.archive), self.home)
        data, name = read_file(path), str(path)
        if path.name == self.archive:
            data, name = read_zipped(data, self.file, self.size, name), f"{self.file} in {name}"
        check_published(data, self.sha256, name, self.home)
        numbers = range(1, 1 + self.columns)
        try:
            return np.loadtxt(io.BytesIO(data), delimiter=",", skiprows=1, usecols=numbers, ndmin=2, encoding="latin-1")
        except ValueError as error:
            raise UserError(f"{name} is not a table of numbers: {error}.") from None
