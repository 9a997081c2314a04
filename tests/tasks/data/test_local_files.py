import hashlib
from pathlib import Path

import pytest

from gatebench.errors import UserError
from tasks.data.datasets import Dataset
from tasks.data.local_files import locate, missing_files, verify
from tests.tasks.data.local_site import Site
from tests.tasks.data.small_datasets import FILES, IMAGES, PLAIN, packed, plain

SITE = Site(files=FILES, address="http://127.0.0.1:9")  # it is described, and does not run


def put(root: Path, **files: bytes) -> None:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)


def verdicts(root: Path, dataset: Dataset | None = None) -> list[tuple[str, str]]:
    findings = verify(dataset or plain(SITE), root, lambda *_: None)
    return [(finding.path.relative_to(root).as_posix(), finding.verdict) for finding in findings]


def test_nothing_is_there(tmp_path: Path) -> None:
    for root in (tmp_path, tmp_path / "absent"):
        assert locate(plain(SITE), root) == []
        assert missing_files(plain(SITE), root) == ["a.csv", "b.csv"]
        assert verdicts(root) == [("plain/a.csv", "missing"), ("plain/b.csv", "missing")]


def test_all_is_there_in_whatever_folders(tmp_path: Path) -> None:
    put(tmp_path, **{"old/plain/a.csv": PLAIN["a.csv"], "plain/b.csv": PLAIN["b.csv"]})
    assert locate(plain(SITE), tmp_path) == [tmp_path / "old/plain/a.csv", tmp_path / "plain/b.csv"]
    assert missing_files(plain(SITE), tmp_path) == []
    assert verdicts(tmp_path) == [("old/plain/a.csv", "ok"), ("plain/b.csv", "ok")]


def test_the_first_folder_goes_first(tmp_path: Path) -> None:
    put(tmp_path / "plain", **PLAIN)
    put(tmp_path / "old" / "plain", **PLAIN)
    assert locate(plain(SITE), tmp_path) == [tmp_path / "plain" / name for name in PLAIN]


def test_some_is_there(tmp_path: Path) -> None:
    put(tmp_path, **{"plain/b.csv": PLAIN["b.csv"]})
    assert locate(plain(SITE), tmp_path) == []
    assert missing_files(plain(SITE), tmp_path) == ["a.csv"]
    assert verdicts(tmp_path) == [("plain/b.csv", "ok"), ("plain/a.csv", "missing")]


@pytest.mark.parametrize("content", [b"", PLAIN["a.csv"][:-1], b"x" + PLAIN["a.csv"][1:]])
def test_a_wrong_file_is_said_to_be(tmp_path: Path, content: bytes) -> None:
    put(tmp_path, **PLAIN)
    put(tmp_path / "plain", **{**PLAIN, "a.csv": content})
    wrong, ok = verify(plain(SITE), tmp_path, lambda *_: None)
    assert (wrong.verdict, ok.verdict) == ("wrong", "ok")
    found, right = (hashlib.sha256(data).hexdigest() for data in (content, PLAIN["a.csv"]))
    assert wrong.fault == f"its sha256 is {found}, not {right}"


def test_an_md5_is_checked_too(tmp_path: Path) -> None:
    dataset = plain(SITE, alternatives=({"c": hashlib.md5(b"c").hexdigest()},))
    put(tmp_path / "plain", c=b"c")
    assert verdicts(tmp_path, dataset) == [("plain/c", "ok")]
    put(tmp_path / "plain", c=b"d")
    assert verdicts(tmp_path, dataset) == [("plain/c", "wrong")]


def test_another_form_stands_for_all(tmp_path: Path) -> None:
    put(tmp_path / "packed", **{"images/one": IMAGES["images/one"]})
    assert missing_files(packed(SITE), tmp_path) == ["images.tar.gz"]
    put(tmp_path, **{"images/two": IMAGES["images/two"]})
    assert missing_files(packed(SITE), tmp_path) == []
    assert locate(packed(SITE), tmp_path) == [tmp_path / "packed/images/one", tmp_path / "images/two"]
    put(tmp_path, **{"images.tar.gz": b"wrong"})
    assert verdicts(tmp_path, packed(SITE)) == [
        ("images.tar.gz", "wrong"),
        ("packed/images/one", "ok"),
        ("images/two", "ok"),
    ]


def test_a_folder_is_checked_by_who_knows_how(tmp_path: Path) -> None:
    def check(path: Path) -> None:
        if not list(path.iterdir()):
            raise UserError(f"{path} is empty.")

    dataset = plain(SITE, alternatives=({"folder": check},))
    (tmp_path / "plain" / "folder").mkdir(parents=True)
    (finding,) = verify(dataset, tmp_path, lambda *_: None)
    assert (finding.verdict, finding.fault) == ("wrong", f"{tmp_path / 'plain' / 'folder'} is empty.")
    put(tmp_path / "plain" / "folder", x=b"")
    assert verdicts(tmp_path, dataset) == [("plain/folder", "ok")]


def test_what_cannot_be_read_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "plain" / "a.csv").mkdir(parents=True)
    first, _ = verify(plain(SITE), tmp_path, lambda *_: None)
    assert (first.verdict, first.fault) == ("wrong", "it cannot be read: Is a directory")


def test_a_place_that_cannot_be_looked_into_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read: File name too long"):
        locate(plain(SITE, folders=("x" * 300,)), tmp_path)


def test_tells_how_far_it_is(tmp_path: Path) -> None:
    put(tmp_path / "plain", **PLAIN)
    told: list[tuple[str, int, int]] = []
    list(verify(plain(SITE), tmp_path, lambda *news: told.append(news)))
    assert ("checking a.csv", 20_000, 20_000) in told
    assert told[-1] == ("checking b.csv", 200_000, 200_000)
