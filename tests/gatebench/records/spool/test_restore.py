import json
from pathlib import Path

import pytest

from gatebench.records.home import Home
from gatebench.records.mlflow_model import WEIGHTS
from gatebench.records.spool.compact_journal import write_compact_journal
from gatebench.records.spool.progress import Steps
from gatebench.records.spool.restore import remove_origin, restore_attempts
from gatebench.records.spool.spool import Spool
from tests.gatebench.records.spool.attempts import FIRST, OWNER
from tests.launch.trials import outcome, trial

LSTM = trial("lstm")
RUN, MODEL = "0" * 32, "m-" + "0" * 32
FILES = {"gates.npz": b"gates", "pictures/curves.svg": b"<svg/>", WEIGHTS: b"weights"}


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    """A spool whose only attempt is in the store, with its files among the artifacts."""
    spool = Spool(Home(tmp_path), "mine", "home")
    spool.begin(LSTM, FIRST, OWNER, 5.0)
    spool.end(FIRST, outcome(LSTM, files=FILES, when=9.0))
    archive(spool, RUN, MODEL)
    return spool


def archive(spool: Spool, run: str, model: str, dropped: str | None = None) -> None:
    folder = spool.folder.attempt(FIRST)
    ended = folder.ended()
    assert ended is not None
    write_compact_journal(spool.folder.done, folder, ended, Steps(run=run, model=model, dropped=dropped))
    folder.path.rename(spool.folder.path / "gone")
    for name, content in FILES.items():
        path = artifact(spool, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def artifact(spool: Spool, name: str) -> Path:
    artifacts = spool.folder.home.artifacts
    return artifacts.joinpath(*(("models", MODEL) if name == WEIGHTS else (RUN,)), "artifacts", name)


def files_of(spool: Spool) -> dict[str, bytes]:
    folder = spool.folder.attempt(FIRST)
    ended = folder.ended()
    assert ended is not None
    return {kept.name: folder.file(number, kept) for number, kept in enumerate(ended.files)}


def test_an_attempt_goes_back_with_its_files(spool: Spool) -> None:
    restored = restore_attempts(spool.folder, ())
    assert (restored.attempts, restored.problems) == (1, [])
    assert spool.outcomes() == [outcome(LSTM, when=9.0)]
    assert spool.folder.attempt(FIRST).header().run.name == "lstm · digits · seed 0"
    assert files_of(spool) == FILES
    assert restore_attempts(spool.folder, ()).attempts == 0


def test_attempts_that_the_store_has_stay_where_they_are(spool: Spool) -> None:
    assert restore_attempts(spool.folder, {FIRST}).attempts == 0


def test_files_that_were_changed_or_are_missing_are_left_out(spool: Spool) -> None:
    artifact(spool, "gates.npz").write_bytes(b"GATES")
    artifact(spool, "pictures/curves.svg").unlink()
    restored = restore_attempts(spool.folder, ())
    changed, missing = restored.problems
    assert changed.endswith("is not the one that was recorded, so it is left out.")
    assert missing.endswith("cannot be read, so it is left out: No such file or directory.")
    assert files_of(spool) == {WEIGHTS: b"weights"}


def test_the_earlier_artifacts_are_removed_afterwards(spool: Spool) -> None:
    restore_attempts(spool.folder, ())
    other = spool.folder.home.artifacts / "other"
    other.mkdir()
    remove_origin(spool.folder, spool.folder.attempt(FIRST), {RUN, MODEL})
    assert artifact(spool, "gates.npz").exists(), "the new run has the same id"
    remove_origin(spool.folder, spool.folder.attempt(FIRST), {"1" * 32, None})
    assert sorted(path.name for path in spool.folder.home.artifacts.rglob("*")) == ["models", "other"]


@pytest.mark.parametrize("run", ["../../x", "", "models", "/", 1, None])
def test_only_folders_of_runs_are_removed(spool: Spool, run: object) -> None:
    restore_attempts(spool.folder, ())
    folder = spool.folder.attempt(FIRST)
    (folder.path / "origin").write_text(json.dumps({"run": run, "model": run}))
    remove_origin(spool.folder, folder, ())
    assert artifact(spool, "gates.npz").exists()
    assert artifact(spool, WEIGHTS).exists()


def test_a_journal_under_another_name_is_refused(spool: Spool) -> None:
    (spool.folder.done / FIRST).rename(spool.folder.done / ("f" * 12))
    (spool.folder.done / ("e" * 12)).write_bytes(b"nonsense")
    restored = restore_attempts(spool.folder, ())
    assert restored.attempts == 0
    damaged, other = restored.problems
    assert damaged.endswith("is damaged, so its trial cannot be restored.")
    assert other.endswith("belongs to another attempt, so its trial cannot be restored.")
    assert spool.waiting() == 0
