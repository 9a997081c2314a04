from dataclasses import replace
from pathlib import Path

import pytest

from gatebench.records.home import Home
from gatebench.report.ablation_table import AblationTable
from gatebench.study import Study
from launch.study_pages import open_pages, publish, study_content
from tests.gatebench.records.writing_record import WritingRecord as Record
from tests.launch.trials import outcome, trial

LSTM, GRU = trial("lstm"), trial("gru", seed=1)
STUDY = Study("mine", question="Which gate?")
TABLE = AblationTable("Gate ablation: mine", "Which gate?", (), "", ())


@pytest.fixture
def record(tmp_path: Path) -> Record:
    return Record(Home(tmp_path), "mine")


def test_the_content_of_a_study_that_has_not_begun_is_that_of_its_trials() -> None:
    content = study_content([LSTM, GRU], [])
    assert [score.name for score in content.scores] == ["accuracy"]
    assert content.groups == (("digits", "gru"), ("digits", "lstm"))
    assert {"gate/l0/keep/f/mean", "gate/l0/keep/f/left", "gate/l0/keep/z/mean"} < content.metrics
    assert "gate/l0/candidate/g/left" not in content.metrics
    assert content.params == ()


def test_settings_that_differ_are_axes_and_a_fixed_gate_is_no_column() -> None:
    fixed = replace(LSTM, cell={"name": "lstm[i=1]", "base": "lstm", "ablate": {"i": {"fix": 1}}})
    wide = replace(LSTM, model=replace(LSTM.model, hidden_size=8))
    content = study_content([fixed, wide], [outcome(GRU)])
    assert content.params == ("model.hidden_size",)  # one of the trials has no ablation
    half = replace(fixed, cell={"name": "lstm[i=0.5]", "base": "lstm", "ablate": {"i": {"fix": 0.5}}})
    assert study_content([fixed, half], []).params == ("cell.ablate.i.fix",)
    assert ("digits", "gru") in content.groups
    assert "gate/l0/write/i/mean" in study_content([wide], []).metrics
    assert "gate/l0/write/i/mean" not in study_content([fixed], []).metrics


def test_an_architecture_that_is_no_cell_has_no_gates() -> None:
    attention = replace(LSTM, cell={"name": "attention", "base": "attention"})
    content = study_content([attention], [])
    assert content.groups == (("digits", "attention"),)
    assert not content.metrics


def test_the_rows_of_a_study_of_named_arms_are_their_settings() -> None:
    wide = replace(LSTM, model=replace(LSTM.model, hidden_size=8))
    arms = {"small": {"model.hidden_size": "4", "cell": "ab"}, "wide": {"model.hidden_size": "8"}}
    content = study_content([LSTM, wide], [outcome(GRU)], arms)
    assert content.arm_params == ("model.hidden_size",)
    assert content.groups == (("digits", "gru"), ("digits", "lstm"), ("digits", "lstm"))
    assert content.arm_values == (("4",), ("4",), ("8",))


def test_the_views_are_there_before_the_first_trial(record: Record) -> None:
    open_pages(record, STUDY, [LSTM, GRU], record.outcomes())
    tags = record.client.get_experiment_by_name("mine").tags
    assert tags["mlflow.note.content"].startswith("**Which gate?**")
    assert {"mlflow.sharedViewState.gatebench", "mlflow.sharedViewState.gatebench-trials"} < set(tags)
    assert not record.has_report()


def test_the_report_has_table_and_figures_and_changes_only_with_the_trials(record: Record) -> None:
    metrics = {"best/val/accuracy": 0.5, "test/accuracy": 0.4, "parameters": 100.0, "seconds": 1.0}
    for one in (LSTM, GRU):
        record.end(one, outcome(one, metrics=metrics))

    def report() -> str:
        experiment = record.client.get_experiment_by_name("mine")
        (run,) = record.client.search_runs([experiment.experiment_id], "tags.`gatebench.report` = 'mine'")
        return str(run.info.run_id)

    publish(record, STUDY, [LSTM, GRU], record.outcomes(), TABLE, changed=False)
    first = report()
    files = [file.path for file in record.client.list_artifacts(first)]
    assert files == ["figures", "report.html", "table.csv", "table.md"]
    figures = [file.path for file in record.client.list_artifacts(first, "figures")]
    assert figures == [f"figures/digits_{kind}.svg" for kind in ("coordinates", "parameters", "scores")]
    publish(record, STUDY, [LSTM, GRU], record.outcomes(), TABLE, changed=False)
    assert report() == first
    publish(record, STUDY, [LSTM, GRU], record.outcomes(), TABLE, changed=True)
    assert report() != first
    assert [found.cell for found in record.outcomes()] == ["lstm", "gru"]
