from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gatebench.errors import UserError
from launch import data
from launch.main import main
from tasks.catalogue import DATASETS
from tests.tasks.data.archives import read_tree
from tests.tasks.data.local_site import Site, serving
from tests.tasks.data.small_datasets import FILES, PLAIN, packed, plain


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A server with the only data sets that there are: plain, packed, and one that comes by hand."""
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.delenv("GATEBENCH_DATA", raising=False)
    with serving(files=dict(FILES)) as site:
        letter = replace(plain(site).files[0], url=None)
        posted = plain(site, name="posted", files=(letter,), folders=("posted",), note="It comes by post.")
        sets = (plain(site), packed(site), posted)
        monkeypatch.setattr(data, "DATASETS", {dataset.name: dataset for dataset in sets})
        yield site


def gatebench(*argv: str) -> int:
    return main(["data", *argv])


def put(root: Path, **files: bytes) -> None:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)


def test_lists_what_there_is_and_where(site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(tmp_path, **{"old/plain/a.csv": b"", "packed/images/one": b"", "images/two": b""})
    assert gatebench("list", f"data_root={tmp_path}") == 0
    heading, _, *rows, _, end = capsys.readouterr().out.splitlines()
    assert heading.split() == ["data", "set", "size", "where", "tasks", "licence"]
    assert [row.split("  ")[0] for row in rows] == ["plain", "packed", "posted"]
    assert " ".join(rows[0].split()) == "plain 220.0 kB 1 of 2 files tables CC0"
    assert "packed/images" in rows[1]
    assert "no, by hand" in rows[2]
    assert str(tmp_path) in end
    assert gatebench("list", "posted", f"data_root={tmp_path / 'absent'}") == 0
    assert "plain" not in capsys.readouterr().out


def test_lists_the_catalogue(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert gatebench("list", f"data_root={tmp_path}") == 0
    out = capsys.readouterr().out
    assert all(name in out for name in DATASETS)
    assert not list(tmp_path.iterdir())


def test_fetches_once(site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert gatebench("fetch", "plain", "packed", f"data_root={tmp_path}") == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first == (f"plain was fetched and verified; it is in {tmp_path / 'plain'}. Two tables; licence: CC0.")
    assert second.startswith("packed was fetched")
    asked = len(site.requests)
    assert gatebench("fetch", f"data_root={tmp_path}", "plain", "packed", "plain") == 0
    assert capsys.readouterr().out.splitlines() == [
        f"plain is present and verified, in {tmp_path / 'plain'}.",
        f"packed is present and verified, in {tmp_path / 'packed'}.",
    ]
    assert len(site.requests) == asked


def test_the_data_root_is_what_the_user_says(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert gatebench("fetch", "plain") == 0
    assert (tmp_path / "cache" / "gatebench" / "data" / "plain" / "a.csv").exists()
    monkeypatch.setenv("GATEBENCH_DATA", str(tmp_path / "env"))
    assert gatebench("fetch", "plain") == 0
    assert (tmp_path / "env" / "plain" / "a.csv").exists()
    assert gatebench("fetch", "plain", f"data_root={tmp_path / 'key'}") == 0
    assert (tmp_path / "key" / "plain" / "a.csv").exists()


def test_verifies_what_is_there(site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(tmp_path / "plain", **PLAIN)
    assert gatebench("verify", f"data_root={tmp_path}") == 0
    out, err = capsys.readouterr()
    assert out.splitlines() == [f"ok       {tmp_path / 'plain' / name}" for name in PLAIN]
    assert err == f"Not in {tmp_path}: packed, posted.\n"
    put(tmp_path / "plain", **{"b.csv": b"wrong"})
    assert gatebench("verify", f"data_root={tmp_path}") == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("ok ")
    assert lines[1].startswith(f"wrong    {tmp_path / 'plain' / 'b.csv'}: its sha256 is ")


def test_what_is_asked_for_must_be_there(site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(tmp_path / "plain", **{"a.csv": PLAIN["a.csv"]})
    assert gatebench("verify", f"data_root={tmp_path}") == 0
    assert "missing  " in capsys.readouterr().out
    assert gatebench("verify", "plain", f"data_root={tmp_path}") == 1
    assert f"missing  {tmp_path / 'plain' / 'b.csv'}" in capsys.readouterr().out
    assert gatebench("verify", "posted", f"data_root={tmp_path}") == 1


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        (["lsit"], "There is no subject 'lsit' of gatebench data; did you mean 'list'? Allowed: fetch, list, verify."),
        (["fetch"], "gatebench data fetch needs the names of data sets. Allowed: packed, plain, posted."),
        (["fetch", "plian"], "There is no data set 'plian'; did you mean 'plain'? Allowed: packed, plain, posted."),
        (["verify", "plain", "x"], "There is no data set 'x'. Allowed: packed, plain, posted."),
        (["fetch", "plain", "data_rot=x"], "There is no key 'data_rot'"),
        (["fetch", "posted"], "posted cannot be fetched. It comes by post. Download a.csv from "),
        (["list", "--config-dir", "absent"], "--config-dir is 'absent', which is not a folder."),
        (["--config-dir", "absent", "verify"], "--config-dir is 'absent', which is not a folder."),
    ],
)
def test_mistakes_are_told_in_one_sentence(
    site: Site,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    argv: list[str],
    sentence: str,
) -> None:
    monkeypatch.setenv("GATEBENCH_DATA", str(tmp_path))
    assert gatebench(*argv) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"gatebench: {sentence}")
    assert err.count("\n") == 1
    assert not site.requests


def test_offline_is_one_sentence(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(files=dict(FILES)) as gone:
        dataset = plain(gone)
    monkeypatch.setattr(data, "DATASETS", {"plain": dataset})
    assert gatebench("fetch", "plain", f"data_root={tmp_path}") == 2
    place = tmp_path / "plain" / "a.csv"
    assert capsys.readouterr().err == (
        f"gatebench: {gone.address}/a.csv cannot be reached: Connection refused. "
        f"If you download it by hand, put it at {place}.\n"
    )


def test_help_says_how(capsys: pytest.CaptureFixture[str]) -> None:
    for argv in ([], ["--help"], ["fetch", "--help"]):
        with pytest.raises(SystemExit) as ended:
            gatebench(*argv)
        assert ended.value.code == 0
        assert "gatebench data verify" in capsys.readouterr().out


def test_a_fetched_archive_is_in_place(site: Site, tmp_path: Path) -> None:
    assert gatebench("fetch", "packed", f"data_root={tmp_path}") == 0
    assert read_tree(tmp_path) == {"packed/images.tar.gz": FILES["images.tar.gz"]}


def test_a_wrong_file_is_not_replaced(site: Site, tmp_path: Path) -> None:
    put(tmp_path / "plain", **{"a.csv": b"mine"})
    with pytest.raises(UserError, match="move it away"):
        data.run(["fetch", "plain", f"data_root={tmp_path}"])
