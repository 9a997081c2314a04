from collections.abc import Callable
from dataclasses import replace

import pytest

from gatebench.errors import UserError
from gatebench.outcome import Outcome
from gatebench.report.render import FORMATS
from gatebench.task import Metric
from launch import table
from launch.config.compose import expand
from tests.launch.trials import outcome

GRID = ["cell=lstm,gru", "seed=0,1", "model.hidden_size=4", "training.max_epochs=3"]
Printed = Callable[..., str]


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> list[Outcome]:
    """What the records know: the grid, and a trial of another size."""
    outcomes = [outcome(trial, score=0.5 + 0.1 * trial.seed) for trial in expand(GRID).trials]
    outcomes.append(outcome(expand(["cell=lstm", "model.hidden_size=99"]).trials[0], score=0.99))
    monkeypatch.setattr(table, "known_outcomes", lambda settings: outcomes)
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


def test_a_baseline_that_is_not_there_is_refused_before_anything_runs() -> None:
    table.check_baseline(expand([*GRID, "baseline=gru"]))
    table.check_baseline(expand(GRID))
    with pytest.raises(UserError, match="no baseline among these cells 'rnn_tanh'"):
        table.check_baseline(expand([*GRID, "baseline=rnn_tanh"]))


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
