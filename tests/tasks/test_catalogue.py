import zipfile
from pathlib import Path

import pytest
import yaml

from gatebench.errors import UserError
from gatebench.task import build_task
from tasks.catalogue import DATASETS
from tasks.data.datasets import Check, Dataset
from tasks.data.local_files import locate, verify
from tests.paths import ROOT
from tests.tasks.data.archives import zipped
from tests.tasks.real_data import data_root

CONFIGS = {path.stem: path for path in sorted((ROOT / "conf" / "task").glob("*.yaml"))}
ELSEWHERE = {
    "audio_folder",
    "image_folder",
    "video_folder",
    "text_files",
    "words",
    "digits",
    "series",
}  # tasks whose files come with scikit-learn, or are the user's own


def known(dataset: Dataset) -> dict[str, Check]:
    """Return the files of a data set, in all its forms, with what they are checked against."""
    checks: dict[str, Check] = {file.name: file.checksum for file in dataset.files}
    for form in dataset.alternatives:
        assert not set(form) & set(checks)
        checks |= form
    return checks


@pytest.mark.parametrize("config", CONFIGS)
def test_what_a_task_reads_is_in_a_data_set_that_names_it(config: str) -> None:
    task = build_task(yaml.safe_load(CONFIGS[config].read_text()))
    if task.name in ELSEWHERE:
        return
    listed = [known(dataset) for dataset in DATASETS.values() if task.name in dataset.tasks]
    for name, checksum in task.checksums().items():
        if name.endswith("/generator"):  # it is made from a seed
            continue
        checks = [checks[name] for checks in listed if name in checks]
        assert checks, f"{name} is in no data set for {task.name}"
        assert all(callable(check) or check == checksum for check in checks)


def test_every_task_that_is_named_is_one() -> None:
    tasks = {build_task(yaml.safe_load(path.read_text())).name for path in CONFIGS.values()}
    assert {task for dataset in DATASETS.values() for task in dataset.tasks} <= tasks


@pytest.mark.parametrize("name", DATASETS)
def test_a_data_set_is_described(name: str) -> None:
    dataset = DATASETS[name]
    assert dataset.name == name
    assert all((dataset.title, dataset.licence, dataset.source_url, dataset.folders, dataset.files, dataset.tasks))
    assert dataset.note.endswith(".") == dataset.needs_manual_download
    assert known(dataset)


@pytest.mark.parametrize("name", DATASETS)
def test_real_files_are_as_listed(name: str) -> None:
    dataset, root = DATASETS[name], data_root()
    if not locate(dataset, root):
        pytest.skip(f"There is no {name} below {root}.")
    assert {finding.verdict for finding in verify(dataset, root, lambda *_: None)} == {"ok"}
    sizes = {file.name: file.size for file in dataset.files}
    for path in locate(dataset, root):
        assert path.stat().st_size == sizes.get(path.name, path.stat().st_size)


@pytest.mark.parametrize(("name", "archive"), [("ett", "ETT-small.zip"), ("weather", "weather.zip")])
def test_a_series_in_a_zip_archive_is_checked_whoever_has_packed_it(tmp_path: Path, name: str, archive: str) -> None:
    dataset = DATASETS[name]
    paths = locate(dataset, data_root())
    if not paths:
        pytest.skip(f"There is no {name} below {data_root()}.")
    check = dataset.alternatives[0][archive]
    assert not isinstance(check, str)
    if paths[0].name == archive:
        with zipfile.ZipFile(paths[0]) as packed:
            files = {Path(member).name: packed.read(member) for member in packed.namelist() if not member.endswith("/")}
    else:
        files = {path.name: path.read_bytes() for path in paths}
    again = {f"any/{member}": content for member, content in files.items()}
    (tmp_path / archive).write_bytes(zipped(again))
    check(tmp_path / archive)
    last = list(again)[-1]
    (tmp_path / archive).write_bytes(zipped({**again, last: again[last][:-2] + b"9\n"}))
    with pytest.raises(UserError, match="is not the published file"):
        check(tmp_path / archive)
