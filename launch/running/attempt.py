"""One attempt to run a trial, in this process or on a worker. Its errors become an outcome with a message."""

import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from gatebench.control import Control, Stopped
from gatebench.errors import Refusal, UserError
from gatebench.machine.fingerprint import REFUSED_ON, fingerprint
from gatebench.outcome import Epoch, Outcome
from gatebench.ranks import RankLost, Ranks
from gatebench.records.mlflow_entry import TRACEBACK
from gatebench.trial import Trial
from launch.config.settings import Settings
from launch.running.garbage import uncollected_imports


class TrialRunner(Protocol):
    """A function that trains one trial: `train_trial` with all arguments but these."""

    def __call__(self, trial: Trial, *, emit: Callable[[Epoch], None], control: Control) -> Outcome:
        """Train the trial, send every epoch to `emit`, and return the outcome.

        Raises:
            Stopped: the control stopped the trial.
        """


def import_training() -> None:
    """Import the code that trains, which takes seconds, if this process has not imported it yet."""
    if "gatebench.training" in sys.modules:
        return
    with uncollected_imports():
        import gatebench.training  # noqa: F401


def train_trial(
    trial: Trial,
    *,
    home: Path,
    data_root: Path,
    keep_memory: bool,
    save_seconds: float,
    loggers: Mapping[str, Mapping[str, Any]],
    emit: Callable[[Epoch], None],
    control: Control,
) -> Outcome:
    """Train a trial, see `gatebench.training.run_trial`. Only the processes that call this import torch.

    A trial on several devices must be a Ray task; see `launch.running.ranks`.
    """
    train = partial(train_rank, home=home, data_root=data_root, keep_memory=keep_memory, loggers=loggers)
    control = replace(control, save_seconds=save_seconds)
    if trial.training.ranks == 1:
        return train(trial, emit=emit, control=control)
    from launch.running.ranks import train_on_ranks  # imports Ray, which takes a second

    return train_on_ranks(trial, train, emit=emit, control=control)


def train_rank(
    trial: Trial,
    *,
    home: Path,
    data_root: Path,
    keep_memory: bool,
    loggers: Mapping[str, Mapping[str, Any]],
    emit: Callable[[Epoch], None],
    control: Control,
    ranks: Ranks | None = None,
    while_waiting: Callable[[], None] = lambda: None,
) -> Outcome:
    """Train a trial as one of its ranks; None: it has no other ranks."""
    import_training()
    from gatebench.training import run_trial

    return run_trial(
        trial,
        home=home,
        data_root=data_root,
        emit=emit,
        control=control,
        keep_memory=keep_memory,
        loggers=loggers,
        ranks=ranks,
        while_waiting=while_waiting,
    )


def runner_of(settings: Settings) -> TrialRunner:
    """Return the function that trains a trial with the home and the data of a command."""
    return partial(
        train_trial,
        home=settings.home_folder.root,
        data_root=settings.data_folder,
        keep_memory=settings.keep_memory,
        save_seconds=settings.checkpoint_seconds,
        loggers=settings.logger,
    )


def attempt(trial: Trial, run: TrialRunner, emit: Callable[[Epoch], None], control: Control) -> Outcome:
    """Run a trial and return its outcome. An unexpected error gives a failed outcome with the traceback.

    Raises:
        UserError: a mistake of the user, or a refusal.
        RankLost: another rank of the trial has ended, and the trial can be run again.
    """
    try:
        return run(trial, emit=emit, control=control)
    except (UserError, RankLost):
        raise
    except Stopped as stopped:
        return Outcome.of(trial, "interrupted", str(stopped))
    except Exception as error:
        message = f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0] or 'no message'}"
        return Outcome.of(trial, "failed", message, facts={TRACEBACK: traceback.format_exc()})


def attempt_in_sweep(trial: Trial, run: TrialRunner, emit: Callable[[Epoch], None], control: Control) -> Outcome:
    """Run a trial of a sweep and return its outcome. A mistake or a refusal is an outcome too: the sweep goes on."""
    try:
        return attempt(trial, run, emit, control)
    except Refusal as refusal:
        return Outcome.of(trial, "refused", str(refusal), facts={REFUSED_ON: fingerprint()})
    except UserError as error:
        return Outcome.of(trial, "failed", str(error))
