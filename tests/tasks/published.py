"""Files of the tests' own in the place of published ones."""

import hashlib
from pathlib import Path

import pytest

from tasks.data.files import DIGESTS


def publish(path: Path, data: bytes, checksums: dict[str, str], patch: pytest.MonkeyPatch) -> Path:
    """Write a file, have its checksum expected in the place of the one that is published, and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    kind = DIGESTS[len(checksums[path.name])]
    patch.setitem(checksums, path.name, hashlib.new(kind, data).hexdigest())
    return path
