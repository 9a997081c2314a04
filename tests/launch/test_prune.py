import os
import tempfile
from pathlib import Path

import pytest

from gatebench.records.home import Home
from gatebench.records.owner import owner_of
from launch.main import main
from tests.gatebench.records.writing_record import WritingRecord as Record
from tests.launch.trials import outcome, trial

KEPT = {"weights": "They are kept with the run, 68 bytes."}


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of the temporary folders, with an old one."""
    folder = tmp_path / "temporary"
    (folder / "gatebench-old").mkdir(parents=True)
    os.utime(folder / "gatebench-old", (0, 0))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_what_is_listed_is_removed_with_yes(home: Path, temporary: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = home
    folder.mkdir()
    record = Record(Home(folder), "mine")
    small, large, failed = trial(seed=0), trial(seed=1), trial(seed=2)
    record.end(small, outcome(small, facts=KEPT))
    record.end(large, outcome(large, facts={"weights": "They have 99 bytes and are in the checkpoint only."}))
    record.end(failed, outcome(failed, "failed"))
    for one in (small, large, failed):
        (folder / "checkpoints" / one.digest).mkdir(parents=True)
        (folder / "checkpoints" / f"{one.digest}.checkpoint").write_bytes(b"x" * 10_000)
    (folder / "cache" / "mnist").mkdir(parents=True)
    before = sorted(folder.rglob("*"))
    with owner_of(Home(folder)) as owner:
        assert main(["prune", "yes=true"]) == 0
        assert f"The home is in use by {owner.label}" in capsys.readouterr().err
        assert not (temporary / "gatebench-old").exists()
    (folder / "owners").rmdir()
    assert sorted(folder.rglob("*")) == before
    assert main(["prune"]) == 0
    printed = capsys.readouterr().out
    assert "checkpoints of finished trials" in printed
    assert "To remove them: gatebench prune yes=true" in printed
    assert sorted(folder.rglob("*")) == before
    assert main(["prune", "yes=true"]) == 0
    assert "They were removed." in capsys.readouterr().out
    left = {path.name for path in (folder / "checkpoints").iterdir()}
    assert left == {large.digest, failed.digest, f"{failed.digest}.checkpoint"}
    assert list((folder / "cache").iterdir()) == []
    assert main(["prune"]) == 0
    assert capsys.readouterr().out == "There is nothing to remove.\n"


def test_a_home_that_does_not_exist_is_refused(
    temporary: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(temporary)  # in the project's own folder, `make demo` has made the default home
    assert main(["prune"]) == 2
    assert "does not exist, so there is nothing to remove." in capsys.readouterr().err
    assert (temporary / "gatebench-old").exists()


def test_one_study_is_refused_because_the_whole_home_would_be_pruned(
    home: Path, temporary: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home.mkdir()
    assert main(["prune", "study=mine", "yes=true"]) == 2
    assert capsys.readouterr().err == (
        "gatebench: gatebench prune works on the whole home and not on one study; leave out study=mine.\n"
    )
    assert (temporary / "gatebench-old").exists()
