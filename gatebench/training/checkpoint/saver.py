"""The checkpoints of one running trial: when they are saved, and the return to the state of the last one."""

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Checkpoint, EarlyStopping

from gatebench.control import Control, Stopped
from gatebench.errors import UserError
from gatebench.outcome import Epoch
from gatebench.task import Batch, Problem
from gatebench.training.checkpoint.optimizer_state import load_optimizer_state, state_of
from gatebench.training.checkpoint.position import Position, move_loops
from gatebench.training.checkpoint.random_state import set_random_states
from gatebench.training.checkpoint.rank_states import gather_rank_states
from gatebench.training.checkpoint.state import EarlyStop, PastEpoch, RankState, TrialState, read_state
from gatebench.training.data_module import SplitsDataModule
from gatebench.training.learner import Learner
from gatebench.training.lightning_parts import callback_states

STOPPED = "The trial was stopped; it continues from its checkpoint."

STATES_NOT_KEPT = (
    "A callback has a state that is no plain data, so no checkpoint is saved; a trial that is interrupted begins again."
)


class TrialSaver(Checkpoint):
    """A Lightning callback that saves the checkpoints of a trial, and that brings the trial back to its last one.

    It is a Lightning `Checkpoint` so that it is called after early stopping at the end of an epoch. A checkpoint in the
    validation is the one after the last training step: the validation starts from its first batch again. In the same
    way a checkpoint in a test is the one before the test.

    If several ranks train the network, all of them continue from the same checkpoint. They save and stop together, and
    rank 0 passes the checkpoint, with the states of all ranks, to its control.

    The generators have the state of the checkpoint when the first step of the continued training begins. No step of
    Lightning before that draws random numbers.

    Args:
        learner: the learner of the trial, before its first step. If the trial continues, it gets the weights, the best
            weights and the epochs of the checkpoint.
        problems: the experiences; the problem alone if the task has none.
        control: the checkpoint from which the trial continues, and the function that saves new ones.

    Attributes:
        position: the position in the trial after the last complete step.
        matrix: the scores on all experiences after each complete experience.
    """

    def __init__(self, learner: Learner, problems: Sequence[Problem], control: Control) -> None:
        self.learner, self.problems, self.control = learner, problems, control
        self.position = Position()
        self.matrix: list[list[float]] = []
        self._past: list[Sequence[PastEpoch]] = []  # of the experiences before this one
        self._state: TrialState | None = None  # what remains to be restored
        self._data: SplitsDataModule | None = None
        self._seconds_before = self._waited_before = 0.0
        self._began = time.perf_counter()
        self._saved = time.monotonic()
        learner.start(problems[0])
        if (state := _readable_state(learner, problems, control)) is not None:
            self._restore(state)

    @property
    def seconds(self) -> float:
        """The seconds that the trial has run, in all its parts."""
        return self._seconds_before + time.perf_counter() - self._began

    @property
    def waited(self) -> float:
        """The seconds that training and validation on this experience have spent on gathering batches."""
        return self._waited_before + (self._data.train.waited + self._data.val.waited if self._data else 0.0)

    @property
    def epochs(self) -> list[Sequence[PastEpoch]]:
        """The complete epochs of each experience that has begun."""
        return [*self._past, _epochs(self.learner)]

    def send_again(self, experience: int, emit: Callable[[Epoch], None]) -> None:
        """Send the complete epochs of an experience, which a trial that continues has from its checkpoint.

        Args:
            experience: the number of the experience, from 0.
            emit: the function that receives the epochs.
        """
        trial = self.learner.trial
        for number, epoch in enumerate(self.epochs[experience]):
            emit(Epoch(trial.digest, number, trial.training.max_epochs, epoch.metrics, epoch.when))

    def attach(self, trainer: pl.Trainer, data: SplitsDataModule) -> None:
        """Prepare a new trainer for the training on this experience, from the position on.

        Args:
            trainer: the trainer; this object is one of its callbacks.
            data: the data of the experience. Its training batches start from the position, too.
        """
        self._data = data
        if self._state is None:
            return
        epoch, steps = self.position.epoch, self.position.steps
        data.train.start_at(epoch, steps)
        move_loops(trainer, epoch, steps)

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Restore what exists only in a running trainer: the optimiser, early stopping, the generators, the streams."""
        del pl_module
        if (state := self._state) is None:
            return
        load_optimizer_state(trainer.optimizers[0], state.optimizer)
        for group, rate in zip(trainer.optimizers[0].param_groups, state.rates, strict=False):
            group["lr"] = rate
        if self.learner.schedule is not None and state.schedule is not None:
            self.learner.schedule.load(state.schedule)
        stop = _early_stopping(trainer)
        assert state.early_stop is not None
        stop.wait_count, stop.best_score = state.early_stop.waited, torch.tensor(state.early_stop.best_score)
        own = state.ranks[self.learner.group.ranks.rank]
        self.learner.losses = list(own.losses.to(self.learner.device))
        if own.carried:
            self.learner.network.carried[True] = tuple(part.to(self.learner.device) for part in own.carried)
        set_random_states(self.learner, own.random)
        self._state = None

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Batch, batch_idx: int
    ) -> None:
        """Save the checkpoint after a training step, if it is time."""
        del pl_module, outputs, batch
        self.position = replace(self.position, epoch=trainer.current_epoch, steps=batch_idx + 1)
        self._save_or_stop(trainer)

    def on_validation_batch_end(self, trainer: pl.Trainer, *arguments: Any) -> None:
        """Stop in the middle of a validation, if the trial is to stop."""
        del arguments
        self._stop_if_asked(trainer)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Save the checkpoint after an epoch, if it is time. After the last epoch, `end_training` does it."""
        del pl_module
        self.position = replace(self.position, epoch=trainer.current_epoch + 1, steps=0)
        if not trainer.should_stop and self.position.epoch < self.learner.trial.training.max_epochs:
            self._save_or_stop(trainer)

    def on_test_batch_end(self, trainer: pl.Trainer, *arguments: Any) -> None:
        """Stop in the middle of a test, if the trial is to stop."""
        del trainer, arguments
        self._stop_if_asked(None)

    def end_training(self) -> None:
        """Save the checkpoint before the test of the best weights, if it is time. The learner has these weights."""
        if not self.position.trained:  # else the trial continues from this very checkpoint
            self.position = Position(self.position.experience, len(self.learner.history), trained=True)
            self._save_or_stop(None)

    def end_experience(self, scores: list[float]) -> None:
        """Go on to the next experience.

        Args:
            scores: the scores on all experiences after this one.
        """
        self.matrix.append(scores)
        self._past.append(_epochs(self.learner))
        self.position = Position(self.position.experience + 1)
        self._data, self._waited_before = None, 0.0
        self.learner.start(self.problems[self.position.experience])
        self._save_or_stop(None)

    def _save_or_stop(self, trainer: pl.Trainer | None) -> None:
        is_due = time.monotonic() - self._saved >= self.control.save_seconds
        stop, save = self.learner.group.any(self.control.should_stop(), is_due)
        if stop or save:
            self._save(trainer)
        if stop:
            raise Stopped(STOPPED)

    def _stop_if_asked(self, trainer: pl.Trainer | None) -> None:
        (stop,) = self.learner.group.any(self.control.should_stop())
        if stop:
            self._save(trainer)
            raise Stopped(STOPPED)

    def _save(self, trainer: pl.Trainer | None) -> None:
        ranks = gather_rank_states(self.learner)
        callbacks = callback_states(self.learner.further_callbacks)
        if self.learner.group.is_first and callbacks is None:
            print(STATES_NOT_KEPT, file=sys.stderr)
        elif self.learner.group.is_first:
            self.control.save(self._state_now(trainer, ranks, callbacks or {}).to_bytes(self.learner.trial.digest))
        self._saved = time.monotonic()

    def _state_now(
        self, trainer: pl.Trainer | None, ranks: Mapping[int, RankState], callbacks: Mapping[str, Any]
    ) -> TrialState:
        """Return the state of the trial. Without a trainer it is between a training and a test."""
        learner, position = self.learner, self.position
        return TrialState(
            position=position,
            epochs=self.epochs,
            matrix=self.matrix,
            seconds=self.seconds,
            waited=self.waited,
            early_stop=_early_stop(trainer, learner) if not position.trained else None,
            backends=learner.network.backends_used,
            gate_backends=learner.network.gate_backends_used,
            weights=learner.state_dict(),
            best_weights=learner.best_weights,
            best_gates=learner.best_gates,
            schedule=learner.schedule.state() if trainer and learner.schedule else None,
            optimizer=state_of(trainer.optimizers[0]) if trainer else {},
            ranks=ranks,
            callbacks=callbacks,
            rates=tuple(group["lr"] for group in trainer.optimizers[0].param_groups) if trainer and callbacks else (),
        )

    def _restore(self, state: TrialState) -> None:
        """Bring the learner and this object to a state. `attach` and `on_train_start` restore the rest."""
        learner = self.learner
        learner.start(self.problems[state.position.experience])
        learner.load_state_dict(dict(state.weights))
        learner.history = [dict(one.metrics) for one in state.epochs[-1]]
        learner.ended = [one.when for one in state.epochs[-1]]
        learner.best_weights = None if state.best_weights is None else dict(state.best_weights)
        learner.best_gates = state.best_gates
        learner.network.set_backends_used(state.backends, state.gate_backends)
        for name, own in state.callbacks.items():
            learner.further_callbacks[name].load_state_dict(own)
        self.position, self._past = state.position, list(state.epochs[:-1])
        self.matrix = [list(row) for row in state.matrix]
        self._seconds_before, self._waited_before = state.seconds, state.waited
        if state.position.trained:
            set_random_states(learner, state.ranks[learner.group.ranks.rank].random)
        else:
            self._state = state


def _readable_state(learner: Learner, problems: Sequence[Problem], control: Control) -> TrialState | None:
    """Return the state of the checkpoint to continue from. One that does not fit is reported and ignored."""
    if control.resume is None:
        return None
    try:
        return read_state(control.resume, learner, problems)
    except UserError as error:
        if learner.group.is_first:
            print(f"{str(error).removesuffix('.')}; the trial begins at its first step.", file=sys.stderr)
        return None


def _epochs(learner: Learner) -> list[PastEpoch]:
    return [PastEpoch(metrics, when) for metrics, when in zip(learner.history, learner.ended, strict=True)]


def _early_stopping(trainer: pl.Trainer) -> EarlyStopping:
    stop = trainer.early_stopping_callback
    assert stop is not None
    return stop


def _early_stop(trainer: pl.Trainer | None, learner: Learner) -> EarlyStop:
    """Return the counters; those of a new trainer if there is none yet."""
    if trainer is None:
        return EarlyStop(0, float("-inf") if learner.metric.direction == "max" else float("inf"))
    stop = _early_stopping(trainer)
    return EarlyStop(stop.wait_count, stop.best_score.item())
