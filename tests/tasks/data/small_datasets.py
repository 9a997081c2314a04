"""Small data sets for the tests: described as the catalogue does, published on a server of the tests' own."""

import gzip
from dataclasses import replace
from typing import Any

from tasks.data.datasets import Dataset
from tests.tasks.data.archives import PACKERS
from tests.tasks.data.local_site import Site

PLAIN = {"a.csv": b"1,2\n" * 5000, "b.csv": b"3,4\n" * 50_000}
IMAGES = {"images/one": b"1" * 3000, "images/two": b"2" * 3000}
FILES = {**PLAIN, "images.tar.gz": PACKERS["a.tar.gz"](IMAGES), "a.csv.gz": gzip.compress(PLAIN["a.csv"])}
"""What the server has."""


def plain(site: Site, **changes: Any) -> Dataset:
    """Return a data set of two files, looked for in two folders."""
    files = tuple(site.file(name) for name in PLAIN)
    made = Dataset("plain", "Two tables", "CC0", site.address, ("plain", "old/plain"), files, ("tables",))
    return replace(made, **changes)


def packed(site: Site) -> Dataset:
    """Return a data set in an archive. The files in it are an alternative that the loaders take too."""
    inside = {name: site.file(name, published=content).checksum for name, content in IMAGES.items()}
    files = (site.file("images.tar.gz"),)
    return Dataset("packed", "Images", "MIT", site.address, ("packed", "."), files, ("seeing",), alternatives=(inside,))
