"""Small texts in the layout of the published ones, and their checksums in place of the published ones."""

import gzip
import hashlib
from collections.abc import Mapping
from pathlib import Path

import pytest

from tasks.text import characters, entities, multi30k
from tests.tasks.text.small_pairs import write_small_pairs
from tests.tasks.text.small_tagged import write_small_tagged


def _write(folder: Path, contents: Mapping[str, bytes]) -> dict[str, str]:
    """Write some files and return their checksums."""
    folder.mkdir(parents=True)
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}


def write_small_shakespeare(root: Path, patch: pytest.MonkeyPatch) -> None:
    """Write the file of Tiny Shakespeare."""
    sums = _write(root / characters.FOLDERS[0], {characters.NAME: b"to be or not to be\n" * 30})
    patch.setattr(characters, "CHECKSUM", sums[characters.NAME])


def write_small_wnut(root: Path, patch: pytest.MonkeyPatch) -> None:
    """Write the three files of WNUT-17."""
    root.mkdir(parents=True, exist_ok=True)
    write_small_tagged(root, patch)
    tagged = (root / "tagged.conll").read_bytes()
    patch.setattr(entities, "CHECKSUMS", _write(root / entities.FOLDERS[0], dict.fromkeys(entities.CHECKSUMS, tagged)))


def write_small_multi30k(root: Path, patch: pytest.MonkeyPatch) -> None:
    """Write the files of the parts for training, validation and test in English and German."""
    root.mkdir(parents=True, exist_ok=True)
    write_small_pairs(root, patch)
    packed = {
        language: gzip.compress((root / name).read_bytes(), mtime=0)
        for language, name in (("en", "read.txt"), ("de", "written.txt"))
    }
    parts = ("train", "val", multi30k.TESTS[0])
    contents = {f"{part}.{language}.gz": content for part in parts for language, content in packed.items()}
    patch.setattr(multi30k, "CHECKSUMS", _write(root / multi30k.FOLDERS[0], contents))
