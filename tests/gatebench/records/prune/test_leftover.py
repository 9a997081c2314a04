from pathlib import Path

import pytest

from gatebench.errors import UserError
from gatebench.records.prune.leftover import Leftover, disk_size, leftovers, remove


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a file, a folder, and links to a precious file and its folder."""
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").write_bytes(b"x" * 10_000)
    folder = tmp_path / "home"
    (folder / "inner").mkdir(parents=True)
    (folder / "inner" / "file").write_bytes(b"x" * 10_000)
    (folder / "inner" / "link").symlink_to(tmp_path / "precious")
    (folder / "link").symlink_to(tmp_path / "precious")
    return folder


def test_links_and_missing_paths_are_left_out(folder: Path) -> None:
    found = list(leftovers("things", [folder / "link", folder / "absent", folder / "inner"]))
    assert [leftover.path for leftover in found] == [folder / "inner"]
    assert found[0].kind == "things"


def test_the_size_is_that_on_the_disk_without_the_targets_of_links(folder: Path) -> None:
    assert 10_000 <= disk_size(folder / "inner") < 20_000 + 3 * 4096
    assert disk_size(folder / "link") <= 4096
    assert disk_size(folder / "absent") == 0


def test_a_folder_is_removed_without_the_targets_of_its_links(folder: Path, tmp_path: Path) -> None:
    remove(Leftover("", folder / "inner", 0), folder)
    assert not (folder / "inner").exists()
    assert (tmp_path / "precious" / "file").exists()
    remove(Leftover("", folder / "absent", 0), folder)


@pytest.mark.parametrize("path", ["../precious", "link", "link/file", "../home"])
def test_a_path_outside_is_not_removed(folder: Path, tmp_path: Path, path: str) -> None:
    with pytest.raises(UserError, match="so it is not removed"):
        remove(Leftover("", folder / path, 0), folder)
    assert (tmp_path / "precious" / "file").exists()


def test_an_error_is_one_sentence(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path / "file"))

    monkeypatch.setattr("shutil.rmtree", refuse)
    with pytest.raises(UserError, match="inner/file cannot be removed: Permission denied"):
        remove(Leftover("", folder / "inner", 0), folder)
