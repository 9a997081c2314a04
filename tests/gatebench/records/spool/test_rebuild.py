import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gatebench.errors import UserError
from gatebench.outcome import Epoch
from gatebench.records.home import Home
from gatebench.records.mlflow_model import WEIGHTS
from gatebench.records.record import Record
from gatebench.records.spool.rebuild import rebuild
from gatebench.records.spool.spool import Spool
from gatebench.records.spool.study_drain import StudyDrain
from gatebench.study import Study
from tests.gatebench.records.spool.attempts import FIRST, OWNER, SECOND, THIRD, forget_connections
from tests.gatebench.records.test_mlflow_model import CONTENT
from tests.launch.trials import outcome, trial

LSTM, GRU = trial("lstm"), trial("gru")
DECLARED = Study("mine", "Which gate matters?", "lstm", ("lstm", "gru"))


@pytest.fixture
def filled(tmp_path: Path) -> Home:
    """A home with two recorded trials."""
    home = Home(tmp_path)
    Record(home, "mine").declare(DECLARED)
    spool = Spool(home, "mine", home.tracking_uri)
    spool.begin(LSTM, FIRST, OWNER, 5.0)
    for epoch in range(3):
        spool.epoch(FIRST, Epoch(LSTM.digest, epoch, 3, {"val/accuracy": 0.1 * epoch}, 6.0 + epoch))
    files = {WEIGHTS: CONTENT, "gates.npz": b"gates", "pictures/curves.svg": b"<svg/>"}
    spool.end(FIRST, outcome(LSTM, files=files, facts={"backend": "native"}, when=9.0))
    spool.begin(GRU, SECOND, OWNER, 6.0)
    spool.end(SECOND, outcome(GRU, "failed", when=10.0))
    drain(home)
    return home


def drain(home: Home) -> None:
    work = StudyDrain(Record(home, "mine"), Spool(home, "mine", home.tracking_uri))
    assert work.round(), work.report
    work.close()


def content(home: Home) -> Any:
    """Return everything that the records of the study contain."""
    record = Record(home, "mine")
    runs = record.client.search_runs([record.experiment_id])
    models = record.client.search_logged_models([record.experiment_id])
    return (
        record.study_declaration(),
        record.outcomes(),
        record.curves("val/accuracy"),
        [record.file(LSTM.digest, name) for name in ("gates.npz", "pictures/curves.svg", "equations.txt")],
        [(run.info.status, run.info.start_time, run.info.end_time, run.info.run_name, run.data.tags) for run in runs],
        [[one.dataset.digest for one in run.inputs.dataset_inputs] for run in runs],
        [len(run.outputs.model_outputs) for run in runs],
        [(model.name, model.tags) for model in models],
        [Path(model.artifact_location.removeprefix("file://"), WEIGHTS).read_bytes() for model in models],
    )


def removed(file: Path) -> None:
    file.unlink()


def halved(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def replaced(file: Path) -> None:
    file.write_bytes(b"nonsense" * 100)


@pytest.mark.parametrize(
    "damage", [pytest.param(removed, marks=pytest.mark.slow), halved, pytest.param(replaced, marks=pytest.mark.slow)]
)
def test_a_lost_database_is_rebuilt_with_everything_in_it(filled: Home, damage: Callable[[Path], None]) -> None:
    before = content(filled)
    damage(filled.database)
    forget_connections(filled.tracking_uri)
    for use in (
        Record(filled, "mine").outcomes,
        Record(filled, "mine").study_pages,
        lambda: Record(filled, "x").experiment_id,
    ):
        with pytest.raises(UserError, match=r"rebuild it with gatebench drain rebuild=true\.$"):
            use()
    rebuilt = rebuild(filled)
    assert rebuilt.restored == {"mine": 2}
    assert rebuilt.problems == []
    assert (rebuilt.kept is not None) == (damage is not removed)
    drain(filled)
    assert content(filled) == before
    runs = {path.name for path in filled.artifacts.iterdir() if re.fullmatch("[0-9a-f]{32}", path.name)}
    assert len(runs) == 2
    assert len(list((filled.artifacts / "models").iterdir())) == 1
    assert rebuild(filled).restored == {}


def test_a_whole_database_stays_as_it_is(filled: Home) -> None:
    before = content(filled)
    assert rebuild(filled).restored == {}
    assert content(filled) == before


def test_trials_that_were_on_their_way_are_written_anew(filled: Home) -> None:
    spool = Spool(filled, "mine", filled.tracking_uri)
    spool.begin(LSTM, THIRD, OWNER, 20.0, force=True)
    StudyDrain(Record(filled, "mine"), Spool(filled, "mine", filled.tracking_uri)).round()
    spool.end(THIRD, outcome(LSTM, when=30.0))
    filled.database.unlink()
    forget_connections(filled.tracking_uri)
    rebuild(filled)
    drain(filled)
    assert len(Record(filled, "mine").outcomes()) == 3


def test_an_interrupted_rebuild_goes_on(filled: Home) -> None:
    before = content(filled)
    for _ in range(2):
        filled.database.unlink()
        forget_connections(filled.tracking_uri)
        rebuild(filled)
    drain(filled)
    assert content(filled) == before
