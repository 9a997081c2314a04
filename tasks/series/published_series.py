"""A published series: a CSV file with a column of dates and columns of numbers, alone or in a zip archive."""

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
    """One published CSV file: its names, its places and its checksum.

    Attributes:
        dataset: the name of the data set in `gatebench data fetch`.
        file: the name of the CSV file.
        sha256: the SHA-256 of the CSV file in hex digits.
        size: the size of the CSV file in bytes.
        archive: the name of the zip archive that may contain the CSV file.
        folders: the folders below the data root that may contain the file or the archive, in order of search.
        source_url: the address where the file is published.
        columns: I, the number of columns of numbers. They follow the first column, which contains dates.
    """

    dataset: str
    file: str
    sha256: str
    size: int
    archive: str
    folders: tuple[str, ...]
    source_url: str
    columns: int

    def path(self, root: Path) -> Path:
        """Return the path of the file or of the archive.

        Raises:
            MissingFile: neither exists.
        """
        return find_file(root, self.folders, (self.file, self.archive), self.source_url, dataset=self.dataset)

    def read(self, root: Path) -> NDArray[np.float64]:
        """Return the numbers (N, I) of the file. The checksum of the CSV file is verified, also in an archive.

        Args:
            root: the data root.

        Raises:
            MissingFile: neither the file nor the archive exists.
            UserError: the file cannot be read, or is not the published one.
        """
        import io

        import numpy as np

        from tasks.data.zipped import read_zipped

        path = self.path(root)
        data, name = read_file(path), str(path)
        if path.name == self.archive:
            data, name = read_zipped(data, self.file, self.size, name), f"{self.file} in {name}"
        check_published(data, self.sha256, name, self.source_url)
        numbers = range(1, 1 + self.columns)
        try:
            return np.loadtxt(io.BytesIO(data), delimiter=",", skiprows=1, usecols=numbers, ndmin=2, encoding="latin-1")
        except ValueError as error:
            raise UserError(f"{name} is not a table of numbers: {error}.") from None
