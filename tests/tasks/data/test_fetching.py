import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from errno import EROFS
from pathlib import Path
from typing import Any

import pytest

from gatebench.errors import UserError
from tasks.data.datasets import Dataset
from tasks.data.fetching import fetch
from tasks.data.local_files import locate
from tests.paths import ROOT
from tests.tasks.data.archives import read_tree
from tests.tasks.data.local_site import Site, serving
from tests.tasks.data.small_datasets import FILES, IMAGES, PLAIN, packed, plain


@pytest.fixture(autouse=True)
def direct(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture
def site() -> Iterator[Site]:
    with serving(files=dict(FILES)) as site:
        yield site


def ignore(what: str, done: int, total: int) -> None:
    pass


def test_fetched_once_and_then_left_alone(site: Site, tmp_path: Path) -> None:
    root = tmp_path / "deep" / "data"
    assert fetch(plain(site), root, ignore)
    assert read_tree(root) == {f"plain/{name}": content for name, content in PLAIN.items()}
    before = [path.stat() for path in locate(plain(site), root)]
    assert not fetch(plain(site), root, ignore)
    assert [path.stat() for path in locate(plain(site), root)] == before
    assert [name for name, _ in site.requests] == ["a.csv", "b.csv"]


def test_only_what_is_missing_is_fetched(site: Site, tmp_path: Path) -> None:
    (tmp_path / "old" / "plain").mkdir(parents=True)
    (tmp_path / "old" / "plain" / "a.csv").write_bytes(PLAIN["a.csv"])
    assert fetch(plain(site), tmp_path, ignore)
    assert [name for name, _ in site.requests] == ["b.csv"]
    assert len(locate(plain(site), tmp_path)) == 2


def test_tells_how_far_it_is(site: Site, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    fetch(packed(site), tmp_path, lambda *news: told.append(news))
    size = len(FILES["images.tar.gz"])
    assert told[0] == ("fetching images.tar.gz", 0, size)
    assert told[-1] == ("fetching images.tar.gz", size, size)


def test_an_archive_stays_packed(site: Site, tmp_path: Path) -> None:
    assert fetch(packed(site), tmp_path, ignore)
    assert read_tree(tmp_path) == {"packed/images.tar.gz": FILES["images.tar.gz"]}
    assert not fetch(packed(site), tmp_path, ignore)
    assert len(site.requests) == 1


def test_unpacked_files_stand_for_the_archive(site: Site, tmp_path: Path) -> None:
    for name, content in IMAGES.items():
        path = tmp_path / "packed" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    assert not fetch(packed(site), tmp_path, ignore)
    assert not site.requests


def test_an_archive_that_is_there_is_left_packed(site: Site, tmp_path: Path) -> None:
    (tmp_path / "images.tar.gz").write_bytes(FILES["images.tar.gz"])
    assert not fetch(packed(site), tmp_path, ignore)
    assert not site.requests
    assert list(read_tree(tmp_path)) == ["images.tar.gz"]


@pytest.mark.parametrize("content", [FILES["images.tar.gz"][:-20], FILES["images.tar.gz"][:-1] + b"x"])
def test_other_bytes_than_published_are_not_kept(site: Site, tmp_path: Path, content: bytes) -> None:
    dataset = packed(site)
    site.files["images.tar.gz"] = content
    with pytest.raises(UserError, match=r"announces|does not send the published file"):
        fetch(dataset, tmp_path, ignore)
    assert read_tree(tmp_path) == {}


def test_a_wrong_file_is_named_and_not_replaced(site: Site, tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / "a.csv").write_bytes(b"mine")
    with pytest.raises(UserError, match=r"plain/a\.csv is not the published file \(its sha256 is .*\); move it away"):
        fetch(plain(site), tmp_path, ignore)
    assert read_tree(tmp_path) == {"plain/a.csv": b"mine"}
    assert not site.requests


def test_what_comes_by_hand_is_said_to(site: Site, tmp_path: Path) -> None:
    first, second = plain(site).files
    dataset = plain(site, files=(first, replace(second, url=None)), note="Its authors send it by post.")
    with pytest.raises(UserError) as caught:
        fetch(dataset, tmp_path, ignore)
    assert str(caught.value) == (
        "plain cannot be fetched. Its authors send it by post. "
        f"Download a.csv, b.csv from {site.address} by hand and put it into {tmp_path / 'plain'}."
    )
    assert not list(tmp_path.iterdir())
    (tmp_path / "plain").mkdir()
    for name, content in PLAIN.items():
        (tmp_path / "plain" / name).write_bytes(content)
    assert not fetch(dataset, tmp_path, ignore)


def test_offline_says_where_the_file_goes_by_hand(tmp_path: Path) -> None:
    with serving(files=dict(FILES)) as gone:
        dataset = plain(gone)
    with pytest.raises(UserError) as caught:
        fetch(dataset, tmp_path, ignore)
    place = tmp_path / "plain" / "a.csv"
    assert (
        str(caught.value)
        == f"{gone.address}/a.csv cannot be reached: Connection refused. If you download it by hand, put it at {place}."
    )
    assert read_tree(tmp_path) == {}


def test_fetches_at_the_same_time_do_it_once(site: Site, tmp_path: Path) -> None:
    site.pause = 0.02
    told: list[str] = []
    done: list[bool] = []
    together = threading.Barrier(6)

    def work() -> None:
        together.wait()
        done.append(fetch(packed(site), tmp_path, lambda what, *_: told.append(what)))
        done.append(fetch(plain(site), tmp_path, lambda what, *_: told.append(what)))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(name for name, _ in site.requests) == {"images.tar.gz": 1, "a.csv": 1, "b.csv": 1}
    assert sorted(done) == [False] * 10 + [True] * 2
    assert "waiting for another fetch of packed" in told
    assert set(read_tree(tmp_path)) == {"packed/images.tar.gz", *(f"plain/{n}" for n in PLAIN)}


@contextmanager
def fetching(dataset: Dataset, root: Path) -> Iterator[tuple[subprocess.Popen[str], Iterator[str]]]:
    """Fetch a data set in a process of its own; give the process and what it tells, line by line."""
    code = (
        "from pathlib import Path; from tasks.data.datasets import Dataset, File\n"
        "from tasks.data.fetching import fetch\n"
        f"print(fetch({dataset!r}, Path({str(root)!r}), lambda *news: print(*news, flush=True)))"
    )
    command, repository = [sys.executable, "-c", code], ROOT
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=repository, text=True) as process:
        assert process.stdout is not None
        yield process, map(str.strip, process.stdout)


def test_a_killed_fetch_lets_go_and_the_next_goes_on(site: Site, tmp_path: Path) -> None:
    site.pause = 0.02
    with fetching(plain(site), tmp_path) as (killed, told):
        assert next(told).startswith("fetching a.csv")
        with fetching(plain(site), tmp_path) as (_, later):
            assert "waiting for another fetch of plain 0 0" in later
            assert any(line.startswith("fetching b.csv") and int(line.split()[2]) > 20_000 for line in told)
            site.pause = 0
            killed.kill()
            assert list(later)[-1] == "True"
    assert read_tree(tmp_path) == {f"plain/{name}": content for name, content in PLAIN.items()}
    assert [name for name, _ in site.requests] == ["a.csv", "b.csv", "b.csv"]
    assert "Range" in site.requests[-1][1]


def test_stopping_lets_go(site: Site, tmp_path: Path) -> None:
    def stop(what: str, done: int, total: int) -> None:
        if done > 10_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(plain(site), tmp_path, stop)
    assert fetch(plain(site), tmp_path, ignore)


def test_a_root_that_cannot_be_written_to_is_told(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"^The folder .*/file/plain cannot be written to: Not a directory\.$"):
        fetch(plain(site), tmp_path / "file", ignore)
    fetch(plain(site), tmp_path, ignore)

    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(EROFS, os.strerror(EROFS))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(UserError, match=r"packed cannot be written to: Read-only file system\.$"):
        fetch(packed(site), tmp_path, ignore)
    assert not fetch(plain(site), tmp_path, ignore)  # there is nothing to write
