import errno
import hashlib
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebench.errors import UserError
from tasks.data import downloading
from tasks.data.datasets import File
from tasks.data.downloading import Unreachable, download
from tests.paths import ROOT
from tests.tasks.data.local_site import Site, serving

DATA = Random(0).randbytes(200_000)


@pytest.fixture(autouse=True)
def direct(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture
def site() -> Iterator[Site]:
    with serving(files={"data.bin": DATA}) as site:
        yield site


def get(file: File, folder: Path) -> list[int]:
    told: list[int] = []
    download(file, folder / file.name, told.append)
    return told


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def leave(folder: Path, data: bytes, tag: str | None = '"v1"') -> None:
    """Leave what a killed process would."""
    (folder / "data.bin.part").write_bytes(data)
    if tag is not None:
        (folder / "data.bin.part.tag").write_text(tag)


def test_a_file_comes_whole_and_alone(site: Site, tmp_path: Path) -> None:
    told = get(site.file("data.bin"), tmp_path)
    assert (tmp_path / "data.bin").read_bytes() == DATA
    assert left(tmp_path) == ["data.bin"]
    assert told == sorted(told)
    assert told[-1] == len(DATA)
    ((_, headers),) = site.requests
    assert headers["Accept-Encoding"] == "identity"
    assert "Python" not in headers["User-Agent"]
    assert "Range" not in headers


def test_an_md5_is_enough(site: Site, tmp_path: Path) -> None:
    published = site.file("data.bin")
    get(File("data.bin", hashlib.md5(DATA).hexdigest(), len(DATA), published.url), tmp_path)
    wrong = File("other", hashlib.md5(b"").hexdigest(), len(DATA), published.url)
    with pytest.raises(UserError, match="its md5 is"):
        get(wrong, tmp_path)


def test_a_connection_that_breaks_is_made_anew(site: Site, tmp_path: Path) -> None:
    site.cuts = [50_000, 70_000]
    get(site.file("data.bin"), tmp_path)
    assert (tmp_path / "data.bin").read_bytes() == DATA
    assert [headers.get("Range") for _, headers in site.requests] == [None, "bytes=50000-", "bytes=120000-"]
    assert [headers.get("If-Range") for _, headers in site.requests] == [None, '"v1"', '"v1"']


@settings(max_examples=12, deadline=None)
@given(cuts=st.lists(st.integers(1, len(DATA)), max_size=4), ranges=st.booleans(), tagged=st.booleans())
def test_wherever_it_breaks_the_file_is_right_or_absent(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[int], ranges: bool, tagged: bool
) -> None:
    folder = tmp_path_factory.mktemp("cut")
    with serving(
        files={"data.bin": DATA}, cuts=[*cuts], ranges=ranges, validators={"ETag": '"v1"'} if tagged else {}
    ) as site:
        for _ in range(len(cuts) + 1):
            try:
                get(site.file("data.bin"), folder)
            except Unreachable:
                assert not (folder / "data.bin").exists()
    assert (folder / "data.bin").read_bytes() == DATA
    assert left(folder) == ["data.bin"]


def test_a_server_without_ranges_sends_it_all_again(site: Site, tmp_path: Path) -> None:
    site.ranges, site.cuts = False, [50_000]
    get(site.file("data.bin"), tmp_path)
    assert (tmp_path / "data.bin").read_bytes() == DATA
    assert len(site.requests) == 2


def test_gives_up_when_nothing_more_comes(site: Site, tmp_path: Path) -> None:
    site.ranges, site.cuts = False, [50_000] * 10
    with pytest.raises(Unreachable, match=r"broke off after 50,000 of 200,000 bytes"):
        get(site.file("data.bin"), tmp_path)
    assert len(site.requests) == 2
    assert left(tmp_path) == ["data.bin.part", "data.bin.part.tag"]
    site.ranges, site.cuts = True, []
    get(site.file("data.bin"), tmp_path)
    assert site.requests[-1][1]["Range"] == "bytes=50000-"


def test_what_a_killed_process_left_is_used(site: Site, tmp_path: Path) -> None:
    leave(tmp_path, DATA[:150_000])
    told = get(site.file("data.bin"), tmp_path)
    assert told[0] == 150_000
    assert [headers["Range"] for _, headers in site.requests] == ["bytes=150000-"]
    assert (tmp_path / "data.bin").read_bytes() == DATA
    assert left(tmp_path) == ["data.bin"]


def test_a_file_that_has_changed_since_is_sent_anew(site: Site, tmp_path: Path) -> None:
    leave(tmp_path, b"of old" * 1000, '"v0"')
    get(site.file("data.bin"), tmp_path)
    assert site.requests[0][1]["If-Range"] == '"v0"'
    assert (tmp_path / "data.bin").read_bytes() == DATA


@pytest.mark.parametrize(
    ("validators", "resumed"),
    [
        ({"ETag": '"v7"'}, '"v7"'),
        ({"Last-Modified": "Wed, 21 Oct 2015 07:28:00 GMT"}, "Wed, 21 Oct 2015 07:28:00 GMT"),
        ({"ETag": 'W/"v7"', "Last-Modified": "Wed, 21 Oct 2015 07:28:00 GMT"}, "Wed, 21 Oct 2015 07:28:00 GMT"),
        ({"ETag": 'W/"v7"'}, None),  # does not say that the bytes are the same
        ({}, None),
    ],
)
def test_goes_on_only_where_the_server_says_what_of(
    tmp_path: Path, validators: dict[str, str], resumed: str | None
) -> None:
    with serving(files={"data.bin": DATA}, validators=validators, cuts=[50_000]) as site:
        get(site.file("data.bin"), tmp_path)
        assert site.requests[1][1].get("If-Range") == resumed
    assert (tmp_path / "data.bin").read_bytes() == DATA


@pytest.mark.parametrize("tag", ['"v1"', None])
def test_a_whole_file_is_only_renamed(site: Site, tmp_path: Path, tag: str | None) -> None:
    leave(tmp_path, DATA, tag)
    get(site.file("data.bin"), tmp_path)
    assert not site.requests
    assert left(tmp_path) == ["data.bin"]


@pytest.mark.parametrize("data", [DATA + b"x", DATA[:-1] + b"x", b""])
def test_what_cannot_be_the_beginning_is_thrown_away(site: Site, tmp_path: Path, data: bytes) -> None:
    leave(tmp_path, data)
    get(site.file("data.bin"), tmp_path)
    assert "Range" not in site.requests[0][1]
    assert (tmp_path / "data.bin").read_bytes() == DATA


def test_a_damaged_beginning_is_noticed_at_the_end(site: Site, tmp_path: Path) -> None:
    leave(tmp_path, b"x" + DATA[1:1000])
    with pytest.raises(
        UserError, match=r"does not send the published file: its sha256 is .*; nothing of it was kept\.$"
    ):
        get(site.file("data.bin"), tmp_path)
    assert left(tmp_path) == []
    get(site.file("data.bin"), tmp_path)


@pytest.mark.parametrize("lengths", [True, False])
@pytest.mark.parametrize(
    "sent", [DATA[:-1], DATA + b"x", b"", b"x" + DATA[1:], DATA * 3], ids=["short", "long", "none", "other", "thrice"]
)
def test_other_bytes_are_refused(tmp_path: Path, sent: bytes, lengths: bool) -> None:
    with serving(files={"data.bin": sent}, lengths=lengths) as site, pytest.raises(UserError) as caught:
        get(site.file("data.bin", published=DATA), tmp_path)
    assert str(caught.value).startswith(f"{site.address}/data.bin ")
    assert not (tmp_path / "data.bin").exists()
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= len(DATA) + 4


def test_a_server_that_announces_another_size_is_not_heard_out(site: Site, tmp_path: Path) -> None:
    told: list[int] = []
    published = site.file("data.bin", published=DATA[:-1])
    with pytest.raises(UserError, match=r"announces 200000 bytes, not the 199999 of the published file\.$"):
        download(published, tmp_path / "data.bin", told.append)
    assert told == []
    leave(tmp_path, DATA[:1000])
    with pytest.raises(UserError, match=r"announces 199000 bytes, not the 198999 "):
        download(published, tmp_path / "data.bin", told.append)


def test_a_part_that_was_not_asked_for_is_refused(site: Site, tmp_path: Path) -> None:
    leave(tmp_path, DATA[:1000])
    site.shift = 1
    with pytest.raises(UserError, match="sends another part of the file than was requested"):
        get(site.file("data.bin"), tmp_path)


@pytest.mark.parametrize("status", [403, 404, 416, 500, 503])
def test_an_error_of_the_server_is_told(site: Site, tmp_path: Path, status: int) -> None:
    leave(tmp_path, DATA[:1000])
    site.statuses["data.bin"] = status
    with pytest.raises(Unreachable, match=rf"/data\.bin answers {status} [A-Z]"):
        get(site.file("data.bin"), tmp_path)
    site.statuses.clear()
    get(site.file("data.bin"), tmp_path)
    assert site.requests[-1][1].get("Range") == (None if status == 416 else "bytes=1000-")


def test_a_closed_port_is_told(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}/f"
    with pytest.raises(Unreachable, match=r"^http://127.* cannot be reached: Connection refused\.$"):
        get(File("f", "0" * 64, 1, url), tmp_path)
    assert left(tmp_path) == []


def test_a_server_that_says_nothing_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloading, "TIMEOUT_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/f"
        with pytest.raises(Unreachable, match=r"broke off after 0 of 1 bytes|cannot be reached"):
            get(File("f", "0" * 64, 1, url), tmp_path)


def test_follows_to_another_address_of_http(site: Site, tmp_path: Path) -> None:
    site.redirects["moved"] = "/data.bin"
    moved = File("data.bin", site.file("data.bin").checksum, len(DATA), f"{site.address}/moved")
    site.cuts = [None, 50_000]
    get(moved, tmp_path)
    assert [name for name, _ in site.requests] == ["moved", "data.bin"] * 2
    assert site.requests[-1][1]["Range"] == "bytes=50000-"
    assert (tmp_path / "data.bin").read_bytes() == DATA


@pytest.mark.parametrize("to", ["file:///etc/hostname", "ftp://127.0.0.1/f", "data:text/plain,x", "/moved"])
def test_follows_to_nothing_else(site: Site, tmp_path: Path, to: str) -> None:
    site.redirects["moved"] = to
    with pytest.raises(Unreachable):
        get(File("f", "0" * 64, 1, f"{site.address}/moved"), tmp_path)
    assert left(tmp_path) == []


def test_a_full_disk_is_told_and_not_kept_full(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, free = os.write, [100_000]

    def write(fd: int, data: bytes) -> int:
        if free[0] == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        free[0] -= (count := min(len(data), free[0]))
        return real(fd, data[:count])

    monkeypatch.setattr(os, "write", write)
    with pytest.raises(UserError, match=r"data\.bin\.part cannot be written: No space left on device\.$"):
        get(site.file("data.bin"), tmp_path)
    assert left(tmp_path) == []


def test_a_file_that_will_not_fit_is_not_begun(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=70_000))
    with pytest.raises(UserError, match=r"has 70,000 bytes free, and data\.bin needs 200,000\.$"):
        get(site.file("data.bin"), tmp_path)
    assert not site.requests
    assert left(tmp_path) == []
    leave(tmp_path, DATA[:140_000])
    get(site.file("data.bin"), tmp_path)


def test_a_killed_download_leaves_its_beginning_and_goes_on(site: Site, tmp_path: Path) -> None:
    site.pause = 0.005
    file, target = site.file("data.bin"), tmp_path / "data.bin"
    code = (
        "from pathlib import Path; from tasks.data.datasets import File; from tasks.data.downloading import download\n"
        f"download({file!r}, Path({str(target)!r}), lambda done: print(done, flush=True))"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        while int(process.stdout.readline()) < 60_000:
            pass
        process.kill()
    assert left(tmp_path) == ["data.bin.part", "data.bin.part.tag"]
    had = (tmp_path / "data.bin.part").stat().st_size
    assert 60_000 <= had < len(DATA)
    site.pause = 0.0
    get(file, tmp_path)
    assert site.requests[-1][1]["Range"] == f"bytes={had}-"
    assert target.read_bytes() == DATA
    assert left(tmp_path) == ["data.bin"]


def test_stopping_keeps_what_has_come(site: Site, tmp_path: Path) -> None:
    def stop(done: int) -> None:
        if done > 100_000:
            raise KeyboardInterrupt

    file = site.file("data.bin")
    with pytest.raises(KeyboardInterrupt):
        download(file, tmp_path / "data.bin", stop)
    assert left(tmp_path) == ["data.bin.part", "data.bin.part.tag"]
    get(file, tmp_path)
    assert "Range" in site.requests[-1][1]
