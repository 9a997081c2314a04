from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gatebench.errors import UserError
from gatebench.outcome import Outcome
from gatebench.records.home import Home
from gatebench.report.render import FORMATS
from gatebench.study import Study
from gatebench.task import Metric
from gatebench.trial import Trial
from launch import table
from launch.config.compose import expand
from launch.declaration import keep_declaration
from launch.running.known_outcomes import KnownStudy
from tests.gatebench.records.writing_record import WritingRecord as Record
from tests.launch.trials import outcome

GRID = ["cell=lstm,gru", "seed=0,1", "model.hidden_size=4", "training.max_epochs=3"]
Printed = Callable[..., str]


@pytest.fixture(scope="module")
def recorded() -> tuple[Outcome, ...]:
    """The outcomes of the grid, and that of a trial of another size."""
    other = expand(["cell=lstm", "model.hidden_size=99"]).trials[0]
    return (
        *(outcome(trial, score=0.5 + 0.1 * trial.seed) for trial in expand(GRID).trials),
        outcome(other, score=0.99),
    )


@pytest.fixture
def known(recorded: tuple[Outcome, ...], monkeypatch: pytest.MonkeyPatch) -> list[Outcome]:
    """What the records know."""
    outcomes = [*recorded]
    monkeypatch.setattr(table, "known_study", lambda settings, study: KnownStudy(None, outcomes))
    return outcomes


@pytest.fixture
def printed(known: list[Outcome], capsys: pytest.CaptureFixture[str]) -> Printed:
    def call(*argv: str) -> str:
        assert table.run(argv) == 0
        return capsys.readouterr().out

    return call


def test_the_table_has_the_trials_that_are_meant_and_no_others(printed: Printed) -> None:
    text = printed(*GRID)
    assert "55 [0, 100]" in text
    assert "99" not in text
    assert text.index("lstm") < text.index("gru")


def test_without_a_choice_all_of_the_study_is_meant(known: list[Outcome], printed: Printed) -> None:
    text = printed("study=scratch")
    assert "model.hidden_size=4" in text
    assert "model.hidden_size=99" in text
    del known[-1]
    text = printed("study=scratch")
    assert "gru" in text
    assert "model.hidden_size" not in text


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_is_printed(form: str, printed: Printed) -> None:
    assert "gru" in printed(*GRID, f"format={form}")


def test_the_baseline_is_the_one_asked_for(printed: Printed) -> None:
    rows = [line for line in printed(*GRID, "baseline=gru").splitlines() if "baseline" in line]
    assert len(rows) == 1
    assert rows[0].startswith("gru")


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(UserError, match="There is no format 'pdf'"):
        table.run(["format=pdf"])


def test_what_has_not_been_run_is_said(known: list[Outcome], capsys: pytest.CaptureFixture[str]) -> None:
    table.run([*GRID[:1], "seed=range(0,3)", *GRID[2:]])
    assert "2 of 6 trials have not been run." in capsys.readouterr().err
    known.clear()
    with pytest.raises(UserError, match="The study 'scratch' contains none of these trials yet"):
        table.run(GRID)


def test_a_trial_has_the_label_that_it_is_asked_for_by(known: list[Outcome], printed: Printed) -> None:
    asked = ["cell=lstm_no_input", *GRID[2:]]
    (trial,) = expand(asked).trials
    known[:] = [replace(outcome(trial), cell="lstm[i=1]")]
    assert "lstm_no_input" in printed(*asked)
    assert "lstm[i=1]" in printed("study=scratch")


def test_trials_of_other_networks_have_a_row_of_their_own(known: list[Outcome], printed: Printed) -> None:
    grid = ["cell=lstm,gru", "seed=0,1", "model.hidden_size=4,8", "training.max_epochs=3"]
    known[:] = [outcome(trial, score=0.1 * trial.model.hidden_size) for trial in expand(grid).trials]
    text = printed(*grid)
    rows = [line.split(maxsplit=4)[:4] for line in text.splitlines() if "model.hidden_size" in line]
    assert rows[:4] == [
        ["lstm", "·", "model.hidden_size=4", "40.00"],
        ["lstm", "·", "model.hidden_size=8", "80.00"],
        ["gru", "·", "model.hidden_size=4", "40.00"],
        ["gru", "·", "model.hidden_size=8", "80.00"],
    ]


def test_a_baseline_that_is_not_there_is_refused(known: list[Outcome]) -> None:
    with pytest.raises(UserError, match="no baseline 'rnn_tanh' among these cells"):
        table.run([*GRID, "baseline=rnn_tanh"])


def test_the_metric_of_the_study_is_that_of_its_records(known: list[Outcome], printed: Printed) -> None:
    error = Metric("error_rate", "min")
    known[:] = [
        replace(one, task="elsewhere", metric=error, chance=0.9, metrics={"test/error_rate": 0.25}) for one in known[:4]
    ]
    text = printed("study=scratch")
    assert "error rate % ↓" in text
    assert [line.split()[1] for line in text.splitlines() if line.startswith("chance")] == ["90.00"]


def test_records_of_earlier_versions_take_the_metric_of_the_plan(known: list[Outcome], printed: Printed) -> None:
    now = printed(*GRID)
    known[:] = [replace(one, metric=None, chance=None) for one in known]
    assert printed(*GRID) == now
    known[:] = [replace(one, task="nonsense") for one in known]
    with pytest.raises(UserError, match="'nonsense' were made by an earlier version and do not contain its metric"):
        table.run(["study=scratch"])


def spread(trial: Trial) -> Outcome:
    """Return an outcome with a score that depends on the cell and the seed."""
    return outcome(trial, score=0.5 + 0.01 * trial.seed + 0.03 * len(trial.build_cell().name))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("GATEBENCH_HOME", str(tmp_path))
    return Home(tmp_path)


def keep(home: Home, name: str, *overrides: str) -> Record:
    """Write the trials of overrides to the records, the last one first, after their declaration."""
    plan, record = expand(overrides), Record(home, name)
    keep_declaration(plan, record)
    for trial in reversed(plan.trials):
        record.end(trial, spread(trial))
    return record


def test_the_tables_of_a_study_and_of_its_experiment_are_the_same(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    """The records are written in another order than that of the experiment, and lstm_np is the same cell as lstm."""
    grid = ["cell=lstm,gru,lstm_no_input,lstm_np", "seed=range(0,4)", "model.hidden_size=4"]
    asked = ["study=mine", "question='Which gate?'", "baseline=lstm", "families.gates=lstm_no_input", "test=paired"]
    keep(home, "mine", *grid, *asked)
    assert table.run([*grid, *asked]) == 0
    of_grid = capsys.readouterr()
    assert table.run(["study=mine"]) == 0
    of_study = capsys.readouterr()
    assert of_study == of_grid
    assert "lstm = lstm_np" in of_study.out
    assert "Which gate?" in of_study.out
    rows = [line for line in of_study.out.splitlines() if "baseline" in line and line.startswith("lstm = lstm_np")]
    assert len(rows) == 1


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of configs with a publication."""
    (tmp_path / "published").mkdir()
    (tmp_path / "published" / "mine2026.yaml").write_text(PUBLICATION)
    return tmp_path


PUBLICATION = """
citation: Mine 2026
source: Mine, arXiv 1
year: 2026
results:
  table_1:
    place: Table 1
    task: digits
    metric: accuracy
    unit: "%"
    entries:
      lstm: {value: 65, mark: verified}
      gru: {value: 12.3, mark: secondary}
"""


def test_published_results_are_kept_with_the_study(
    home: Home, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The table from the records needs no file: it is the same if the file was changed or is not there."""
    asked = ["cell=lstm,gru", "seed=range(0,4)", "model.hidden_size=4", "study=mine", "published=mine2026"]
    plan, record = expand(asked, folder), Record(home, "mine")
    keep_declaration(plan, record)
    for trial in plan.trials:
        record.end(trial, spread(trial))
    assert table.run([*asked, "--config-dir", str(folder)]) == 0
    of_grid = capsys.readouterr()
    (folder / "published" / "mine2026.yaml").unlink()
    assert table.run(["study=mine"]) == 0
    assert capsys.readouterr() == of_grid
    for part in ("Mine 2026", "65 (verified)", "agrees", "12.3 (secondary)", "differs"):
        assert part in of_grid.out
    assert table.run(["study=mine", "published=[]"]) == 0
    assert "Mine 2026" not in capsys.readouterr().out


def test_published_results_may_be_named_for_one_table(
    home: Home, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = keep(home, "mine", "cell=lstm,gru", "seed=range(0,3)", "study=mine")
    assert table.run(["study=mine", "published=mine2026", "--config-dir", str(folder)]) == 0
    assert "Mine 2026" in capsys.readouterr().out
    declaration = record.study_declaration()
    assert declaration is not None
    assert declaration.published == ()
    with pytest.raises(UserError, match="The publication 'greff2017' has no result on digits, only on jsb_chorales"):
        table.run(["study=mine", "published=greff2017"])
    with pytest.raises(UserError, match="There is no publication 'gref2017'; did you mean 'greff2017'"):
        table.run(["study=mine", "published=gref2017"])


def test_the_command_line_changes_the_declaration_for_one_table(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    record = keep(home, "mine", "cell=lstm,gru", "seed=range(0,4)", "study=mine", "baseline=lstm")
    table.run(["study=mine", "baseline=gru"])
    assert next(line for line in capsys.readouterr().out.splitlines() if "baseline" in line).startswith("gru")
    declaration = record.study_declaration()
    assert declaration is not None
    assert declaration.baseline == "lstm"


def test_a_table_is_written_to_a_file(home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keep(home, "mine", "cell=lstm,gru", "seed=0,1", "study=mine")
    table.run(["study=mine", "format=csv"])
    page = capsys.readouterr().out
    file = tmp_path / "mine.csv"
    table.run(["study=mine", "format=csv", f"file={file}"])
    captured = capsys.readouterr()
    assert (file.read_text(encoding="utf-8"), captured.out) == (page, "")
    assert captured.err == f"The table is in {file}.\n"


def test_trials_with_other_settings_are_named(home: Home) -> None:
    keep(home, "mine", "cell=lstm", "seed=0,1", "study=mine")
    with pytest.raises(
        UserError, match="It has trials with other settings: repeat all settings of its sweep, or leave"
    ):
        table.run(["study=mine", "cell=lstm", "model.hidden_size=7"])


def test_a_paired_test_with_other_seeds_is_refused(home: Home) -> None:
    keep(home, "mine", "cell=lstm", "seed=0,1,2", "study=mine", "test=paired")
    keep(home, "mine", "cell=gru", "seed=1,2,3", "study=mine")
    with pytest.raises(
        UserError, match="The paired test needs equal seeds; gru has seeds 1, 2, 3, and lstm has seeds 0, 1, 2"
    ):
        table.run(["study=mine"])
    assert table.run(["study=mine", "test=unpaired"]) == 0


def test_several_studies_are_one_table(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    keep(home, "one", "cell=lstm,gru", "seed=0,1,2", "study=one")
    keep(home, "two", "cell=lstm,gru", "task=parity", "seed=0,1,2", "study=two")
    assert table.run(["study=one,two"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("Gate ablation: one, two")
    assert text.index("\ndigits\n") < text.index("\nparity\n")
    with pytest.raises(UserError, match=r"There is no study 'three' in these records\. Allowed: one, two\."):
        table.run(["study=one,three"])
    with pytest.raises(UserError, match="There is no study 'tow' in these records; did you mean 'two'"):
        table.run(["study=tow"])
    with pytest.raises(UserError, match="The study 'tow' contains none of these trials yet; run them with gatebench"):
        table.run(["study=tow", "cell=lstm"])
    Record(home, "three").declare(Study("three"))
    with pytest.raises(UserError, match="The study 'three' contains no trials; leave it out of study=one,three"):
        table.run(["study=one,three"])
    with pytest.raises(UserError, match="The study 'three' contains no trials yet"):
        table.run(["study=three"])


def test_all_metrics_and_unknown_ones(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    task = "task=selective_copying"
    record = Record(home, "mine")
    for trial in expand(["cell=lstm,gru", "seed=0,1", task]).trials:
        record.end(trial, outcome(trial, metrics={"test/accuracy": 0.5, "test/cross_entropy": 0.25 + trial.seed}))
    assert table.run(["study=mine"]) == 0
    assert "cross" not in capsys.readouterr().out
    assert table.run(["study=mine", "metrics=all"]) == 0
    assert "selective_copying · cross_entropy" in capsys.readouterr().out
    with pytest.raises(UserError, match="'cross_entrpy' of task selective_copying; did you mean 'cross_entropy'"):
        table.run(["study=mine", "metrics=cross_entrpy"])


def test_metrics_that_the_records_declare_for_other_tasks_are_left_out(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    record = keep(home, "mine", "cell=lstm,gru", "seed=0,1", "study=mine")
    record.declare(Study("mine", order=("lstm", "gru"), metrics=("forgetting",)))
    assert table.run(["study=mine"]) == 0
    assert "accuracy" in capsys.readouterr().out


def test_earlier_records_take_the_default_metrics_of_the_plan(
    known: list[Outcome], capsys: pytest.CaptureFixture[str]
) -> None:
    grid = ["cell=lstm,gru", "task=continual", "seed=0,1"]
    metrics = {"test/average_accuracy": 0.9, "test/forgetting": 0.05, "test/backward_transfer": -0.05}
    known[:] = [outcome(trial, metrics=metrics) for trial in expand(grid).trials]
    table.run(grid)
    now = capsys.readouterr().out
    assert "forgetting" in now
    assert "backward" not in now
    known[:] = [replace(one, metric=None, other_metrics=(), table_metrics=(), chance=None) for one in known]
    table.run(grid)
    assert capsys.readouterr().out == now


def test_a_search_that_was_not_declared_is_one_row_with_vary(
    known: list[Outcome], capsys: pytest.CaptureFixture[str]
) -> None:
    sizes = expand(["cell=lstm,gru", "model.hidden_size=4,5,6", "training.max_epochs=3"]).trials
    known[:] = [outcome(trial, score=0.1 * trial.model.hidden_size) for trial in sizes]
    table.run(["study=scratch"])
    assert "add vary=model.hidden_size." in capsys.readouterr().err
    table.run(["study=scratch", "vary=model.hidden_size"])
    printed = capsys.readouterr()
    assert printed.err == ""
    assert next(line.split()[:3] for line in printed.out.splitlines() if line.startswith("gru ")) == ["gru", "50", "±"]
    with pytest.raises(UserError, match=r"no setting 'model\.hidden'"):
        table.run(["study=scratch", "vary=model.hidden"])


def test_a_view_selects_by_validation(known: list[Outcome], printed: Printed) -> None:
    sizes = expand(["cell=lstm", "model.hidden_size=4,5,6", "training.max_epochs=3"]).trials
    known[:] = [
        replace(one, metrics={**one.metrics, "best/val/accuracy": 1 / trial.model.hidden_size})
        for trial in sizes
        for one in [outcome(trial, score=0.1 * trial.model.hidden_size)]
    ]
    text = printed("study=scratch", "vary=model.hidden_size", "view=best")
    assert "Chosen by validation: model.hidden_size=4." in text
    assert "1 of 3 settings" in text


def test_named_arms_have_the_rows_of_the_plan_and_of_the_records(
    known: list[Outcome], printed: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    arms = ["arms.small=[cell=lstm,model.hidden_size=4]", "arms.large=[cell=lstm,model.hidden_size=8]", "seed=0,1,2"]
    plan = expand([*arms, "baseline=large"])
    known[:] = [outcome(trial, score=0.1 * trial.model.hidden_size + trial.seed / 100) for trial in plan.trials]
    text = printed(*arms, "baseline=large")
    first = [line.split()[0] for line in text.splitlines() if line.startswith(("small ", "large "))]
    assert first[:2] == ["small", "large"]
    assert "Difference: from large." in text
    declared = KnownStudy(plan.declaration("scratch"), known)
    monkeypatch.setattr(table, "known_study", lambda settings, study: declared)
    assert printed("study=scratch") == text
