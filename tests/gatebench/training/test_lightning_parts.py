"""Callbacks and loggers from configs. The callback `Decay` is one of a user, with a state."""

import csv
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback, EarlyStopping
from pytorch_lightning.loggers.logger import DummyLogger

from gatebench.control import Control
from gatebench.errors import UserError
from gatebench.outcome import Epoch
from gatebench.task_modules import VARIABLE
from gatebench.training import run_trial
from gatebench.training.lightning_parts import callback_states, ended_loggers, make_callbacks, make_loggers
from gatebench.trial import Trial
from tests.gatebench.training.checkpoint.trials import bits, run
from tests.gatebench.training.sign import TRIAL

HERE = "tests.gatebench.training.test_lightning_parts"
CSV = {"csv": {"_target_": "pytorch_lightning.loggers.CSVLogger"}}


class Decay(Callback):
    """Multiplies the learning rate by a factor after each training step, and counts the steps."""

    def __init__(self, factor: float) -> None:
        self.factor, self.steps = factor, 0

    def on_train_batch_end(self, trainer: pl.Trainer, *arguments: Any) -> None:
        self.steps += 1
        for group in trainer.optimizers[0].param_groups:
            group["lr"] = 0.05 * self.factor**self.steps

    def state_dict(self) -> dict[str, Any]:
        return {"steps": self.steps}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.steps = state_dict["steps"]


class Hidden(Callback):
    """Has a state that is no plain data."""

    def state_dict(self) -> dict[str, Any]:
        return {"state": object()}


class Stop(EarlyStopping):
    """An early stopping of a user."""


@pytest.fixture(autouse=True)
def allow_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "tests")


def trial(**callbacks: Mapping[str, Any]) -> Trial:
    return replace(TRIAL, training=replace(TRIAL.training, max_epochs=2, callbacks=callbacks))


DECAY = {"_target_": f"{HERE}.Decay", "factor": 0.9}


def test_a_callback_changes_the_result_and_the_digest(tmp_path: Path) -> None:
    plain, decayed = trial(), trial(decay=DECAY)
    assert plain.digest == replace(TRIAL, training=replace(TRIAL.training, max_epochs=2)).digest
    assert len({one.digest for one in (plain, decayed, trial(decay={**DECAY, "factor": 0.5}))}) == 3
    (one, _), (other, _) = run(plain, tmp_path, Control()), run(decayed, tmp_path, Control())
    assert one.metrics["best/val/accuracy"] >= 0
    assert one.metrics["gate/l0/keep/f/mean"] != other.metrics["gate/l0/keep/f/mean"]


def test_a_trial_with_a_callback_continues_from_its_checkpoint(tmp_path: Path) -> None:
    decayed, saved = trial(decay=DECAY), list[bytes]()
    undisturbed = bits(*run(decayed, tmp_path, Control(save=saved.append, save_seconds=0)))
    middle = saved[len(saved) // 2]
    assert bits(*run(decayed, tmp_path, Control(middle))) == undisturbed


def test_a_state_that_no_checkpoint_can_keep_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved: list[bytes] = []
    outcome, _ = run(trial(hidden={"_target_": f"{HERE}.Hidden"}), tmp_path, Control(save=saved.append, save_seconds=0))
    assert (outcome.status, saved) == ("finished", [])
    assert "A callback has a state that is no plain data" in capsys.readouterr().err
    assert callback_states({"decay": Decay(0.5)}) == {"decay": {"steps": 0}}


def test_a_logger_gets_all_metrics_and_changes_no_bit(tmp_path: Path) -> None:
    plain = bits(*run(trial(), tmp_path, Control()))
    epochs: list[Epoch] = []
    outcome = run_trial(trial(), home=tmp_path, data_root=None, emit=epochs.append, loggers=CSV)
    assert bits(outcome, epochs) == plain
    folder = tmp_path / "loggers" / "csv" / trial().digest / "version_0"
    rows = list(csv.DictReader((folder / "metrics.csv").read_text(encoding="utf-8").splitlines()))
    written = {name for row in rows for name, value in row.items() if value}
    assert {"val/accuracy", "train/loss", "gate/l0/keep/f/mean", "test/accuracy"} <= written
    assert f"digest: {trial().digest}" in (folder / "hparams.yaml").read_text(encoding="utf-8")


class Run(DummyLogger):
    """A logger whose experiment is a run that must be finished."""

    ends: ClassVar[list[str]] = []

    @property
    def experiment(self) -> Any:
        return SimpleNamespace(finish=lambda: self.ends.append("finish"))

    def finalize(self, status: str) -> None:
        self.ends.append(status)


def test_the_run_of_a_logger_ends_with_the_trial() -> None:
    with ended_loggers([Run()]):
        pass
    with pytest.raises(KeyError), ended_loggers([Run()]):
        raise KeyError
    assert Run.ends == ["success", "finish", "failed", "finish"]


MISTAKES: dict[str, Mapping[str, Any]] = {
    "logger.a._target_ is 'pytorch_lightning.loggers.Absent', and there is no such class": {
        "_target_": "pytorch_lightning.loggers.Absent"
    },
    f"logger.a._target_ is '{HERE}.Decay', which is no logger of Lightning": DECAY,
    "logger.a._target_ is 'pytorch_lightning.loggers.CSVLoger', and there is no such class; did you mean 'CSVL": {
        "_target_": "pytorch_lightning.loggers.CSVLoger"
    },
    "There is no key 'logger.a.prefx'; did you mean 'logger.a.prefix'? Allowed: logger.a.flush": {
        **CSV["csv"],
        "prefx": "red",
    },
    "logger.a cannot be made from pytorch_lightning.loggers.CSVLogger: ": {**CSV["csv"], "save_dir": 3},
}


@pytest.mark.parametrize("message", MISTAKES)
def test_a_logger_that_cannot_be_made_is_one_sentence(message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        make_loggers({"a": MISTAKES[message]}, TRIAL, tmp_path)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_a_checkpoint_or_an_early_stopping_is_no_callback() -> None:
    with pytest.raises(UserError, match=r"training\.callbacks\.a is a checkpoint or an early stopping of Lightning"):
        make_callbacks(trial(a={"_target_": f"{HERE}.Stop", "monitor": "val/accuracy"}))
