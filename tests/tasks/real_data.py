"""Where the tests look for real data files: $GATEBENCH_DATA, else `shared/data` beside the repository."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tasks.data.files import MissingFile
from tests.paths import ROOT


def data_root() -> Path:
    """Return the folder; it may be absent, and then a task says which file is missing."""
    if set_by_user := os.environ.get("GATEBENCH_DATA"):
        return Path(set_by_user)
    return ROOT.parent / "shared" / "data"


@contextmanager
def skipping_without_files() -> Iterator[None]:
    """Skip a test, saying which file is missing, where one is that the block needs."""
    try:
        yield
    except MissingFile as missing:
        pytest.skip(str(missing))


def shared_cache(factory: pytest.TempPathFactory) -> Path:
    """Return a folder that all tests of one session share, on whatever worker they run, for what tasks may keep."""
    base = factory.getbasetemp()
    return (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "cache"
