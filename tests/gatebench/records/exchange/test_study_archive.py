import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from gatebench.errors import UserError
from gatebench.outcome import Epoch, Outcome
from gatebench.records.exchange.archive import new_archive, open_archive
from gatebench.records.exchange.study_archive import (
    Imported,
    archived_study,
    export_study,
    import_trials,
    known_results,
)
from gatebench.records.home import Home
from gatebench.records.owner import Owner
from gatebench.records.spool.spool import Spool
from gatebench.study import Study
from tests.gatebench.records.exchange.weights import small_weights
from tests.gatebench.records.writing_record import WritingRecord as Record
from tests.launch.trials import outcome, trial

LSTM, GRU = trial("lstm"), trial("gru")
FILES = {"gates.npz": b"gates", "pictures/cell.svg": b"<svg/>", "weights.safetensors": small_weights()}
OWNER = Owner("0123456789ab", "host", 12)


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Record:
    """Return a study with a result and a failure."""
    record = Record(Home(tmp_path_factory.mktemp("home")), "mine")
    record.declare(Study("mine", "Why?", "lstm"))
    record.begin(LSTM, 1000.0)
    record.write(Epoch(LSTM.digest, 0, 3, {"val/accuracy": 0.5}, 1002.0))
    record.end(LSTM, outcome(LSTM, files=FILES))
    record.begin(GRU, 1001.0)
    record.end(GRU, outcome(GRU, "failed"))
    return record


@pytest.fixture(scope="module")
def path(record: Record, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the archive of the study."""
    path = tmp_path_factory.mktemp("archive") / "mine.zip"
    counts: list[int] = []
    assert export_study(record, path, "0.1.0", counts.append) == 2
    assert counts == [1, 2]
    return path


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(Home(tmp_path), "theirs", "home")


def accept(files: Mapping[str, bytes]) -> None:
    pass


def imported(path: Path, spool: Spool, known: Mapping[str, bool] | None = None) -> Imported:
    with open_archive(path) as archive:
        return import_trials(archive, known or {}, spool.folder, OWNER, accept)


def test_the_archive_is_plain_json(path: Path) -> None:
    with open_archive(path) as archive:
        assert archive.study()["gatebench"] == "0.1.0"
        assert archive.study()["declaration"]["question"] == "Why?"
        assert archive.digests() == [LSTM.digest, GRU.digest]
        assert archive.trial(LSTM.digest)["outcome"]["metrics"]["test/accuracy"] == 0.5
        assert archive.files(LSTM.digest) == FILES
        assert archived_study(archive) == Study("mine", "Why?", "lstm")


def test_the_trials_wait_in_the_spool(record: Record, path: Path, spool: Spool) -> None:
    assert imported(path, spool) == Imported((LSTM.digest, GRU.digest), (), ())
    by_digest = {one.digest: one for one in record.outcomes()}
    waiting = {one.digest: one for one in spool.outcomes()}
    assert {digest: replace(one, when=0.0) for digest, one in waiting.items()} == by_digest
    (folder,) = [folder for folder in spool.folder.attempts() if folder.header().digest == LSTM.digest]
    ended = folder.ended()
    assert ended is not None
    assert {kept.name: folder.file(number, kept) for number, kept in enumerate(ended.files)} == FILES
    assert [epoch.metrics for epoch, _ in folder.epochs(LSTM.digest)] == [{"val/accuracy": 0.5}]
    assert folder.header().run.tags["attempt"] == folder.attempt
    assert folder.header().study == "theirs"


def test_an_import_can_be_repeated(path: Path, spool: Spool) -> None:
    imported(path, spool)
    before = sorted(spool.folder.path.rglob("*"))
    assert imported(path, spool, known_results(spool.outcomes())) == Imported((), (LSTM.digest,), (GRU.digest,))
    imported(path, spool)  # as if it had been killed before
    assert sorted(spool.folder.path.rglob("*")) == before


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({LSTM.digest: True}, Imported((GRU.digest,), (LSTM.digest,), ())),
        ({LSTM.digest: False}, Imported((LSTM.digest, GRU.digest), (), ())),
        ({GRU.digest: True}, Imported((LSTM.digest,), (GRU.digest,), ())),
        ({GRU.digest: False}, Imported((LSTM.digest,), (), (GRU.digest,))),
    ],
)
def test_a_result_wins_over_a_failure_and_the_present_one_over_a_new_one(
    path: Path, spool: Spool, known: dict[str, bool], expected: Imported
) -> None:
    assert imported(path, spool, known) == expected
    assert {one.digest for one in spool.outcomes()} == set(expected.added)


def test_nothing_is_imported_if_one_trial_is_wrong(path: Path, spool: Spool, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.zip"
    with open_archive(path) as archive, new_archive(damaged) as writer:
        writer.add_json("study.json", archive.study())
        for digest in archive.digests():
            attempt = "../../x" if digest == GRU.digest else archive.trial(digest)["attempt"]
            writer.add_json(f"trials/{digest}/trial.json", {**archive.trial(digest), "attempt": attempt})
    with pytest.raises(UserError, match="the name of its attempt is wrong"):
        imported(damaged, spool)
    assert spool.outcomes() == []


def test_the_files_are_checked(path: Path, spool: Spool) -> None:
    def refuse(files: Mapping[str, bytes]) -> None:
        raise UserError("No.")

    with pytest.raises(UserError, match=r"No\."), open_archive(path) as archive:
        import_trials(archive, {}, spool.folder, OWNER, refuse)
    assert spool.outcomes() == []


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"format": "other"}, "the format 'other'"),
        ({"version": 2}, "version '2'; this gatebench reads"),
        ({"study": ""}, "does not name its study"),
        ({"study": "a,b"}, "does not name its study"),
        ({"study": "a\nb"}, "does not name its study"),
        ({"study": 3}, "does not name its study"),
        ({"study": "x" * 201}, "is too long"),
        ({"declaration": [3]}, "The declaration of the study in its records cannot be read"),
    ],
)
def test_a_wrong_description_is_refused(path: Path, tmp_path: Path, change: dict[str, object], sentence: str) -> None:
    with open_archive(path) as archive:
        content = archive.study()
    with new_archive(tmp_path / "x.zip") as writer:
        writer.add_json("study.json", {**content, **change})
    with pytest.raises(UserError, match=sentence), open_archive(tmp_path / "x.zip") as archive:
        archived_study(archive)


def test_an_empty_study_is_not_exported(record: Record, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="contains no trials that have ended"):
        export_study(Record(record.home, "empty"), tmp_path / "x.zip", "0.1.0", lambda count: None)
    assert not (tmp_path / "x.zip").exists()


def test_known_results() -> None:
    outcomes: list[Outcome] = [outcome(LSTM, "failed"), outcome(LSTM), outcome(LSTM, "failed"), outcome(GRU, "failed")]
    assert known_results(outcomes) == {LSTM.digest: True, GRU.digest: False}
    assert json.dumps(known_results([])) == "{}"
