import hashlib
from pathlib import Path

import pytest

from gatebench.errors import UserError
from tasks.data.files import MissingFile, default_root, find_file, read_verified

HOME = "https://example.org/data/"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_folders_go_before_names(tmp_path: Path) -> None:
    for place in ("a/plain", "b/packed.gz"):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).touch()
    assert find_file(tmp_path, ("a", "b"), ("packed.gz", "plain"), HOME) == tmp_path / "a" / "plain"
    assert find_file(tmp_path, ("b", "a"), ("packed.gz", "plain"), HOME) == tmp_path / "b" / "packed.gz"


def test_a_missing_file_says_what_where_and_from_where(tmp_path: Path) -> None:
    (tmp_path / "a" / "plain").mkdir(parents=True)  # a folder of that name is no file
    with pytest.raises(MissingFile) as caught:
        find_file(tmp_path, ("a", "."), ("packed.gz", "plain"), HOME)
    looked = f"{tmp_path / 'a'}, {tmp_path}"
    assert str(caught.value) == (f"There is no packed.gz or plain in any of {looked}; download it by hand from {HOME}.")


def test_a_missing_file_of_a_data_set_says_how_to_fetch_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for root, setting in ((tmp_path, ""), (tmp_path / "other", f" data_root={tmp_path / 'other'}")):
        monkeypatch.setenv("GATEBENCH_DATA", str(tmp_path))
        with pytest.raises(MissingFile) as caught:
            find_file(root, (".",), ("plain",), HOME, dataset="digits")
        advice = f"run gatebench data fetch digits{setting}; its official source is {HOME}."
        assert str(caught.value) == f"There is no plain in any of {root}; {advice}"


def test_a_place_that_cannot_be_looked_into_is_not_called_missing(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot be read: ") as caught:
        find_file(tmp_path, ("x" * 300,), ("plain",), HOME)
    assert not isinstance(caught.value, MissingFile)


def test_returns_the_bytes_that_were_verified(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"published")
    assert read_verified(tmp_path / "f", sha256(b"published"), HOME) == b"published"


@pytest.mark.parametrize("data", [b"", b"publishe", b"published ", b"Published"])
def test_refuses_other_bytes_and_names_both_checksums(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "f").write_bytes(data)
    with pytest.raises(UserError) as caught:
        read_verified(tmp_path / "f", sha256(b"published"), HOME)
    for part in (str(tmp_path / "f"), f"({len(data)} bytes)", sha256(data), sha256(b"published"), HOME):
        assert part in str(caught.value)


def test_an_md5_is_told_by_its_length(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"published")
    md5 = hashlib.md5(b"published").hexdigest()
    assert read_verified(tmp_path / "f", md5, HOME) == b"published"
    (tmp_path / "f").write_bytes(b"tampered!")
    with pytest.raises(UserError, match=rf"is not the published file: its md5 is \w{{32}}, not {md5};"):
        read_verified(tmp_path / "f", md5, HOME)


def test_a_file_that_changes_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"published")
    read_verified(tmp_path / "f", sha256(b"published"), HOME)
    (tmp_path / "f").write_bytes(b"tampered!")
    with pytest.raises(UserError, match="is not the published file"):
        read_verified(tmp_path / "f", sha256(b"published"), HOME)


def test_an_unreadable_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot be read: Is a directory\.$"):
        read_verified(tmp_path, sha256(b""), HOME)


def test_the_default_root_is_in_the_users_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert default_root() == tmp_path / "cache" / "gatebench" / "data"
    for ignored in ("", "relative/cache"):  # as the XDG specification wants it
        monkeypatch.setenv("XDG_CACHE_HOME", ignored)
        assert default_root() == tmp_path / "home" / ".cache" / "gatebench" / "data"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert default_root() == tmp_path / "home" / ".cache" / "gatebench" / "data"


def test_without_a_home_folder_the_user_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless(path: str) -> str:
        return path

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr("os.path.expanduser", homeless)
    with pytest.raises(UserError, match=r"^There is no home folder for the data; set data_root=… or"):
        default_root()
