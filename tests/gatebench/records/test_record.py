import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from math import inf, nan
from pathlib import Path

import pytest
from mlflow.tracking import MlflowClient

from gatebench.colours import colours_of
from gatebench.errors import UserError
from gatebench.outcome import Epoch
from gatebench.records.home import Home
from gatebench.records.mlflow_entry import TRACEBACK
from gatebench.records.mlflow_page import StudyContent
from gatebench.records.stale_runs import close_stale_runs
from gatebench.study import Study
from gatebench.task import Metric
from tests.gatebench.records.writing_record import WritingRecord as Record
from tests.launch.trials import outcome, trial

LSTM, GRU = trial("lstm"), trial("gru")


class Heard(logging.Handler):
    """Keeps what would have been printed."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines: list[str] = []

    def emit(self, line: logging.LogRecord) -> None:
        self.lines.append(line.getMessage())


@pytest.fixture(scope="module")
def heard() -> Iterator[Heard]:
    handler = Heard()
    for logger in (logging.getLogger(), logging.getLogger("mlflow"), logging.getLogger("alembic")):
        logger.addHandler(handler)
    yield handler
    for logger in (logging.getLogger(), logging.getLogger("mlflow"), logging.getLogger("alembic")):
        logger.removeHandler(handler)


@pytest.fixture(scope="module")
def shared_home(tmp_path_factory: pytest.TempPathFactory, heard: Heard) -> Home:
    """A home with a database: making one takes a second."""
    home = Home(tmp_path_factory.mktemp("home"))
    Record(home, "first").end(GRU, outcome(GRU))
    return home


@pytest.fixture
def record(shared_home: Home, request: pytest.FixtureRequest) -> Iterator[Record]:
    """A study of its own in the shared home."""
    study = Record(shared_home, request.node.name)
    yield study
    with suppress(UserError):  # the experiment of another program
        study.interrupt("The test is over.")


def client(record: Record) -> MlflowClient:
    return MlflowClient(tracking_uri=record.uri)


def with_result(record: Record) -> set[str]:
    return {found.digest for found in record.outcomes() if found.has_result}


def only_run(record: Record):  # type: ignore[no-untyped-def]
    experiment = client(record).get_experiment_by_name(record.study)
    (run,) = client(record).search_runs([experiment.experiment_id])
    return run


def test_reading_what_is_not_there_creates_nothing(tmp_path: Path) -> None:
    record = Record(Home(tmp_path / "home"), "mine")
    assert record.outcomes() == []
    assert with_result(record) == set()
    assert list(tmp_path.iterdir()) == []


def test_a_trial_leaves_its_outcome_its_curves_and_its_files(record: Record) -> None:
    written = outcome(LSTM, metrics={"test/accuracy": 0.9, "gate/l0/f/mean": 0.7}, facts={"backend": "native"})
    record.begin(LSTM, when=1_700_000_000.0)
    record.begin(LSTM)
    for epoch in range(3):
        record.write(Epoch(LSTM.digest, epoch, 3, {"val/accuracy": 0.1 * epoch, "gate/l0/f/mean": 0.5}))
    record.end(LSTM, written)

    assert record.outcomes() == [written]
    assert with_result(record) == {LSTM.digest}
    run = only_run(record)
    assert run.info.status == "FINISHED"
    assert run.info.run_name == "lstm · digits · seed 0"
    assert run.info.start_time == 1_700_000_000_000
    assert run.data.params["model.hidden_size"] == "4"
    history = client(record).get_metric_history(run.info.run_id, "val/accuracy")
    assert [(point.step, point.value) for point in history] == [(0, 0.0), (1, 0.1), (2, 0.2)]
    assert run.data.metrics["gate/l0/f/mean"] == 0.5
    assert run.data.metrics["best/gate/l0/f/mean"] == 0.7
    files = {Path(file.path).name for file in client(record).list_artifacts(run.info.run_id)}
    assert files == {"config.yaml", "equations.txt", "equations.tex"}
    assert run.info.artifact_uri.startswith(Path(record.home.artifacts).absolute().as_uri())


def test_what_failed_is_not_finished_and_keeps_its_traceback(record: Record) -> None:
    record.end(LSTM, outcome(LSTM, "failed", facts={TRACEBACK: "Traceback of it"}))
    run = only_run(record)
    assert run.info.status == "FAILED"
    assert run.data.tags["sentence"] == "So it was."
    assert "traceback.txt" in {file.path for file in client(record).list_artifacts(run.info.run_id)}
    assert with_result(record) == set()


def test_a_divergence_is_a_result(record: Record) -> None:
    record.end(LSTM, outcome(LSTM, "diverged"))
    assert with_result(record) == {LSTM.digest}


def test_outcomes_come_oldest_first_and_without_what_runs(record: Record) -> None:
    record.begin(GRU, when=3.0)
    record.begin(LSTM, when=1.0)
    record.end(LSTM, outcome(LSTM))
    assert [written.digest for written in record.outcomes()] == [LSTM.digest]
    record.end(GRU, outcome(GRU))
    assert [written.digest for written in record.outcomes()] == [LSTM.digest, GRU.digest]


def test_interrupting_closes_every_open_run_and_writes_what_waits(record: Record) -> None:
    record.begin(LSTM)
    record.write(Epoch(LSTM.digest, 0, 3, {"train/loss": 1.25}))
    record.interrupt("The user stopped it.")
    run = only_run(record)
    assert run.info.status == "KILLED"
    assert run.data.metrics == {"train/loss": 1.25}
    assert [(o.status, o.sentence) for o in record.outcomes()] == [("interrupted", "The user stopped it.")]


CONTENT = StudyContent((Metric("accuracy", "max"),), (), (("digits", "lstm"),), frozenset())


def test_the_study_is_described_and_has_a_page(record: Record) -> None:
    record.set_views("Which gate?", CONTENT)
    assert note(record).startswith("**Which gate?** · [Cells](#/experiments/")
    record.set_study_page("Which gate?", "| table |", CONTENT)
    assert note(record).endswith("| table |")
    record.set_views("Another title", CONTENT)
    assert note(record).startswith("**Which gate?**")
    tags = client(record).get_experiment_by_name(record.study).tags
    assert {"mlflow.sharedViewState.gatebench", "mlflow.sharedViewState.gatebench-trials"} < set(tags)
    assert "viewStateShareKey=gatebench" in record.study_pages()[record.study]
    assert "Default" not in record.study_pages()


def test_a_report_is_linked_and_is_no_outcome(record: Record) -> None:
    record.end(LSTM, outcome(LSTM))
    assert not record.has_report()
    record.write_report("# Table", {"report.html": b"<p>"})
    assert record.has_report()
    record.set_study_page("demo", "", CONTENT)
    assert "[Report with table and figures](#/experiments/" in note(record)
    assert [found.digest for found in record.outcomes()] == [LSTM.digest]


def test_the_runs_of_a_cell_have_its_colour_in_every_process(record: Record) -> None:
    record.colours(["gru", "lstm"])
    for one in (LSTM, GRU):
        record.end(one, outcome(one))
    runs = client(record).search_runs([client(record).get_experiment_by_name(record.study).experiment_id])
    colours = {run.data.tags["cell"]: run.data.tags["mlflow.runColor"] for run in runs}
    assert colours == colours_of(["gru", "lstm"])
    assert Record(record.home, record.study).colours(["mgu"]) == colours_of(["gru", "lstm", "mgu"])


def test_curves_are_those_of_the_newest_run(record: Record) -> None:
    for values in ([0.1, 0.2], [0.3, nan, 0.5]):
        record.begin(LSTM)
        for epoch, accuracy in enumerate(values):
            record.write(Epoch(LSTM.digest, epoch, 3, {"val/accuracy": accuracy}))
        record.end(LSTM, outcome(LSTM))
    record.end(GRU, outcome(GRU, "failed"))
    curves = record.curves("val/accuracy")
    assert list(curves) == [LSTM.digest]
    assert curves[LSTM.digest] == pytest.approx([0.3, nan, 0.5], nan_ok=True)


def note(record: Record) -> str:
    text: str = client(record).get_experiment_by_name(record.study).tags["mlflow.note.content"]
    return text


def test_a_deleted_study_is_refused(record: Record) -> None:
    record.begin(LSTM)
    record.interrupt("")
    experiment = client(record).get_experiment_by_name(record.study)
    client(record).delete_experiment(experiment.experiment_id)
    with pytest.raises(UserError, match="was deleted in MLflow"):
        record.outcomes()


def test_a_server_that_is_not_there_is_told_in_a_moment_and_without_credentials(tmp_path: Path) -> None:
    record = Record(Home(tmp_path), "mine", "http://me:secret@127.0.0.1:9")
    with pytest.raises(UserError, match=r"http://127\.0\.0\.1:9 .*: the server cannot be reached") as caught:
        record.outcomes()
    assert "secret" not in str(caught.value)


def test_what_mlflow_logs_while_it_makes_a_database_does_not_reach_the_terminal(
    shared_home: Home, heard: Heard
) -> None:
    assert shared_home.database.exists()
    assert heard.lines == []


def test_runs_of_other_programs_in_a_study_are_left_alone(record: Record) -> None:
    """A user's script logs to MLflow with the name of the study, for example because of MLFLOW_EXPERIMENT_NAME."""
    record.declare(Study(record.study))
    user = client(record)
    experiment = user.get_experiment_by_name(record.study).experiment_id
    running = user.create_run(experiment, run_name="a notebook", tags={"home": record.home_mark})
    ended = user.create_run(experiment, tags={"digest": LSTM.digest, "cell_digest": "c", "seed": "none"})
    user.log_metric(ended.info.run_id, "test/accuracy", 1.0)
    user.set_terminated(ended.info.run_id)
    before = [user.get_run(run.info.run_id).to_dictionary() for run in (running, ended)]

    assert record.outcomes() == []
    record.begin(LSTM)
    record.write(Epoch(LSTM.digest, 0, 3, {"val/accuracy": 0.5}))
    assert close_stale_runs(Record(record.home, record.study), lambda owner: True) == 0
    record.end(LSTM, outcome(LSTM))
    record.end(GRU, outcome(GRU))
    record.interrupt("The user stopped it.")
    assert {found.digest for found in record.outcomes()} == {LSTM.digest, GRU.digest}
    assert record.file(LSTM.digest, "gates.npz") is None
    assert [user.get_run(run.info.run_id).to_dictionary() for run in (running, ended)] == before


def test_an_experiment_of_another_program_is_no_study_and_stays_as_it_is(record: Record) -> None:
    user = client(record)
    tags = {"mlflow.experimentKind": "custom_model_development", "mlflow.note.content": "My notes."}
    experiment = user.create_experiment(record.study, record.home.artifacts.absolute().as_uri(), tags)
    user.create_run(experiment, run_name="a notebook")
    before = dict(user.get_experiment(experiment).tags)
    assert record.outcomes() == []
    assert record.study_declaration() is None
    assert record.study not in record.study_pages()
    refused: list[Callable[[], None]] = [
        lambda: record.declare(Study(record.study)),
        lambda: record.begin(LSTM),
        lambda: record.set_views("A title", CONTENT),
        lambda: record.set_study_page("A title", "# A table", CONTENT),
        lambda: record.write_report("# A table", {}),
    ]
    for attempt in refused:
        with pytest.raises(UserError, match=f"experiment {record.study!r} belongs to another program"):
            attempt()
    assert dict(user.get_experiment(experiment).tags) == before
    assert len(user.search_runs([experiment])) == 1


def test_an_empty_experiment_can_become_a_study(record: Record) -> None:
    client(record).create_experiment(record.study, record.home.artifacts.absolute().as_uri())
    assert record.study not in record.study_pages()
    record.declare(Study(record.study))
    assert record.study in record.study_pages()


def test_a_study_of_an_earlier_version_has_no_declaration_but_is_a_study(record: Record) -> None:
    record.end(LSTM, outcome(LSTM))
    experiment = client(record).get_experiment_by_name(record.study)
    client(record).delete_experiment_tag(experiment.experiment_id, "gatebench.study")
    again = Record(record.home, record.study)
    assert again.study_declaration() is None
    assert again.study in again.study_pages()
    again.end(GRU, outcome(GRU))
    assert len(again.outcomes()) == 2


def test_the_declaration_is_kept_with_the_records(record: Record) -> None:
    assert record.study_declaration() is None
    declared = Study(record.study, "Which gate matters?", "lstm", ("lstm", "gru"), {"others": ("gru",)}, "paired")
    record.declare(declared)
    record.begin(LSTM)
    assert Record(record.home, record.study).study_declaration() == declared
    record.declare(Study(record.study))
    assert record.study_declaration() == Study(record.study)


def test_a_declaration_that_cannot_be_kept_or_read_is_refused(record: Record) -> None:
    with pytest.raises(UserError, match="MLflow keeps at most 20,000, so shorten its question"):
        record.declare(Study(record.study, "?" * 20_000))
    record.declare(Study(record.study))
    experiment = client(record).get_experiment_by_name(record.study)
    client(record).set_experiment_tag(experiment.experiment_id, "gatebench.study", "nonsense")
    with pytest.raises(UserError, match="declaration of the study in its records cannot be read"):
        record.study_declaration()


def test_the_files_of_an_outcome_come_back(record: Record) -> None:
    assert record.file(LSTM.digest, "gates.npz") is None
    record.end(LSTM, outcome(LSTM, files={"gates.npz": b"\x00PK\xff", "pictures/curves.svg": b"<svg/>"}))
    assert record.file(LSTM.digest, "gates.npz") == b"\x00PK\xff"
    assert record.file(LSTM.digest, "pictures/curves.svg") == b"<svg/>"
    assert record.file(LSTM.digest, "equations.txt")
    assert record.file(LSTM.digest, "other.npz") is None
    assert record.file(GRU.digest, "gates.npz") is None
    record.end(LSTM, outcome(LSTM, "failed"))
    assert record.file(LSTM.digest, "gates.npz") == b"\x00PK\xff", "the newest run that has it"


def test_infinity_is_kept_as_infinity(record: Record) -> None:
    written = outcome(LSTM, metrics={"gate/l0/keep/f/tau/p90": inf, "test/accuracy": 0.5})
    record.begin(LSTM)
    record.write(Epoch(LSTM.digest, 0, 1, {"gate/l0/keep/f/tau/p90": inf, "val/accuracy": 0.5}))
    record.end(LSTM, written)
    assert record.outcomes() == [written]
    assert only_run(record).data.metrics == {"test/accuracy": 0.5, "val/accuracy": 0.5}


def test_two_records_that_create_the_same_study_share_it(shared_home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = Record(shared_home, "both"), Record(shared_home, "both")
    find, looks = second._find_experiment, iter([lambda: None])  # the first creates it after the second has looked
    monkeypatch.setattr(second, "_find_experiment", lambda: next(looks, find)())
    assert first.experiment_id == second.experiment_id
    assert list(looks) == []
