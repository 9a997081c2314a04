import re
from pathlib import Path

import pytest

from gatebench.errors import UserError
from gatebench.records.home import Home
from gatebench.records.record import Record
from launch import train
from launch.config.compose import expand
from launch.running import attempt
from launch.running.recording import record_of, recording

QUICK = ["cell=rnn_tanh", "model.hidden_size=4", "training.max_epochs=1"]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("GATEBENCH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GATEBENCH_DATA", str(tmp_path / "nowhere"))
    return Home(tmp_path / "home")


def test_a_trial_is_trained_recorded_and_not_trained_again(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    assert train.run(QUICK) == 0
    printed = capsys.readouterr().out
    assert re.search(r"^validation \(best epoch\)\n  accuracy  0\.\d+$", printed, re.MULTILINE)
    assert re.search(r"^test \(weights of the best epoch\)\n  accuracy  0\.\d+$", printed, re.MULTILINE)
    (outcome,) = Record(home, "scratch").outcomes()
    assert (outcome.cell, outcome.status) == ("rnn_tanh", "finished")
    assert outcome.metrics["test/accuracy"] <= 1
    assert outcome.facts["backend"]

    assert train.run(QUICK) == 0
    assert "is done already" in capsys.readouterr().out
    assert len(Record(home, "scratch").outcomes()) == 1
    declaration = Record(home, "scratch").study_declaration()
    assert declaration is not None
    assert declaration.order == ("rnn_tanh",)


def test_a_declaration_that_does_not_fit_is_refused_before_training(home: Home) -> None:
    with pytest.raises(UserError, match="The family 'others' contains the baseline 'rnn_tanh'"):
        train.run([*QUICK, "baseline=rnn_tanh", "families.others=rnn_tanh"])
    assert not home.database.exists()


def test_missing_data_are_told_and_leave_no_record(home: Home) -> None:
    with pytest.raises(UserError, match="train-images-idx3-ubyte"):
        train.run([*QUICK, "task=sequential_mnist"])
    assert not home.database.exists()


def test_a_broken_trial_is_a_failure_with_its_sentence(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ValueError("Shapes differ.")

    monkeypatch.setattr(attempt, "train_trial", broken)
    assert train.run(QUICK) == 1
    (outcome,) = Record(home, "scratch").outcomes()
    assert (outcome.status, outcome.sentence) == ("failed", "ValueError: Shapes differ.")


def test_a_trial_of_another_process_is_refused() -> None:
    plan = expand(QUICK)
    with recording(plan.settings, record_of(plan.settings)) as other:
        other.take([plan.trials[0].digest])
        with pytest.raises(UserError, match=r"is being run by .*, process \d+; gatebench status shows it\."):
            train.run(QUICK)
