"""What is fetched is what the loaders read: every data set, in small, from a server to a task."""

import hashlib
import io
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from gatebench.task import build_task
from tasks.catalogue import DATASETS
from tasks.data.fetching import fetch
from tasks.data.local_files import locate
from tests.contracts.test_tasks import SMALL, config_of
from tests.tasks.data.local_site import serving
from tests.tasks.text.small_published_texts import write_small_multi30k, write_small_shakespeare, write_small_wnut

CASES = [
    ("mnist", "sequential_mnist"),
    ("fashion_mnist", "fashion_mnist"),
    ("cifar10", "sequential_cifar10"),
    ("imdb", "imdb"),
    ("speech_commands_v0.01", "speech_commands_12"),
    ("ett", "ett"),
    ("weather", "weather"),
    ("jsb_chorales", "jsb_chorales"),
    ("nottingham", "nottingham"),
    ("muse_data", "muse_data"),
    ("piano_midi", "piano_midi"),
    ("tinyshakespeare", "characters"),
    ("multi30k", "translation"),
    ("wnut17", "entities"),
]
PUBLISHED = {
    "characters": write_small_shakespeare,
    "entities": write_small_wnut,
    "translation": write_small_multi30k,
}
"""Configs with small files of the user in `SMALL`: the function that writes files in the published layout."""


def published_in(folder: Path) -> dict[str, bytes]:
    """Return all files below a folder by name, and what is in those zip archives that only a repacking has."""
    files = {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    for content in [content for name, content in files.items() if name.endswith(".zip")]:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            files |= {Path(name).name: packed.read(name) for name in packed.namelist() if not name.endswith("/")}
    return files


@pytest.mark.parametrize(("name", "config"), CASES)
def test_what_is_fetched_can_be_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, config: str) -> None:
    monkeypatch.setenv("no_proxy", "*")
    write, fields = (PUBLISHED[config], {}) if config in PUBLISHED else SMALL[config]
    write(tmp_path / "home", monkeypatch)
    published = published_in(tmp_path / "home")
    with serving(files=published) as site:
        files = tuple(
            replace(
                file,
                checksum=hashlib.sha256(published[file.name]).hexdigest(),
                size=len(published[file.name]),
                url=f"{site.address}/{file.name}",
            )
            for file in DATASETS[name].files
            if file.name in published
        )
        assert files, f"{sorted(published)} has none of {[file.name for file in DATASETS[name].files]}"
        dataset, root = replace(DATASETS[name], files=files), tmp_path / "root"
        assert fetch(dataset, root, lambda *_: None)
    assert locate(dataset, root)
    task = build_task(config_of(config) | dict(fields))
    assert len(task.load(root).train) > 0


def test_every_data_set_that_can_be_fetched_is_among_them() -> None:
    same = {"speech_commands_v0.02": "speech_commands_v0.01"}  # another release, read by the same lines
    fetched = {same.get(name, name) for name, dataset in DATASETS.items() if not dataset.needs_manual_download}
    assert fetched == {name for name, _ in CASES}
