from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback

from gatebench.control import Control
from gatebench.training import Learner, direct_loops
from gatebench.training import trainer as trainer_module
from gatebench.training.checkpoint.saver import TrialSaver
from gatebench.training.data_module import SplitsDataModule
from gatebench.training.direct_loops import DirectEpochLoop, overridden_hooks
from gatebench.training.lightning_output import quiet
from gatebench.training.trainer import make_trainer
from tests.gatebench.training.sign import TRIAL, Sign

ALL_HOOKS = (*direct_loops.TRAINING_HOOKS, *direct_loops.VALIDATION_HOOKS)


class Journal(Callback):
    """Notes the hooks in their order, and the arguments that are numbers."""

    def __init__(self) -> None:
        self.calls: list[Any] = []


def noting(name: str) -> Any:
    def note(self: Journal, trainer: pl.Trainer, module: Learner, *arguments: Any) -> None:
        del module
        losses = [one["loss"].item() for one in arguments if isinstance(one, dict)]
        numbers = [one for one in arguments if isinstance(one, int)]
        self.calls.append((name, trainer.global_step, torch.is_grad_enabled(), numbers, losses))

    return note


for each in ALL_HOOKS:
    setattr(Journal, each, noting(each))


@contextmanager
def lightnings_loops() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trainer_module, "use_direct_loops", lambda trainer: None)
        yield


def trained(**training: Any) -> tuple[Learner, pl.Trainer, list[Any]]:
    trial = replace(TRIAL, training=replace(TRIAL.training, max_epochs=2, **training))
    torch.manual_seed(trial.seed)
    learner = Learner(trial, Sign().load(Path()))
    saver = TrialSaver(learner, (learner.problem,), Control())
    journal = Journal()
    with quiet():
        trainer = make_trainer(trial, learner.metric, lambda _: None, saver)
        trainer.callbacks.append(journal)  # type: ignore[attr-defined]
        trainer.fit(learner, datamodule=SplitsDataModule(learner.problem, trial.training.batch_size, trial.seed))
    return learner, trainer, journal.calls


@pytest.mark.parametrize(
    "training",
    [
        {"optimizer": "adam", "warmup_steps": 3},
        {"optimizer": "sgd", "momentum": 0.5, "gradient_clip": 0.0, "gradient_clip_value": 0.01, "l2": 0.1},
    ],
    ids=["adam", "sgd"],
)
def test_the_direct_loops_do_the_same_as_those_of_lightning(training: dict[str, Any]) -> None:
    direct, trainer, calls = trained(**training)
    with lightnings_loops():
        plain, other, expected = trained(**training)
    assert isinstance(trainer.fit_loop.epoch_loop, DirectEpochLoop)
    assert not isinstance(other.fit_loop.epoch_loop, DirectEpochLoop)
    assert direct.history == plain.history
    assert all(torch.equal(one, plain.state_dict()[name]) for name, one in direct.state_dict().items())
    assert calls == expected
    assert {name for name, *_ in calls} == set(ALL_HOOKS)
    assert trainer.global_step == other.global_step > 0
    assert trainer.callback_metrics == other.callback_metrics


def test_the_learner_overrides_no_hook_that_the_direct_loops_do_not_call() -> None:
    called = {"training_step", "validation_step", "on_after_backward", "optimizer_step", "configure_gradient_clipping"}
    of_a_step = {
        *ALL_HOOKS,
        *called,
        "backward",
        "optimizer_zero_grad",
        "on_before_batch_transfer",
        "on_after_batch_transfer",
    }
    own = {name for name in of_a_step if getattr(Learner, name) is not getattr(pl.LightningModule, name)}
    assert own == called


def test_only_overridden_hooks_are_called() -> None:
    journal = Journal()
    trainer: Any = SimpleNamespace(callbacks=[Callback(), journal])
    assert overridden_hooks(trainer, ["on_train_batch_end"]) == {"on_train_batch_end": [journal.on_train_batch_end]}


def test_another_version_of_lightning_keeps_its_loops(monkeypatch: pytest.MonkeyPatch) -> None:
    learner = Learner(TRIAL, Sign().load(Path()))
    saver = TrialSaver(learner, [learner.problem], Control())
    found = []
    for version in ("2.6.9", "3.0.0"):
        monkeypatch.setattr(direct_loops, "version", lambda name, version=version: version)
        trainer = make_trainer(TRIAL, learner.metric, lambda _: None, saver)
        found.append(isinstance(trainer.fit_loop.epoch_loop, DirectEpochLoop))
    assert found == [True, False]
