"""One attempt at a trial, wherever it runs: whatever goes wrong becomes an outcome with a sentence."""

import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from gatebench.errors import Refusal, UserError
from gatebench.outcome import Epoch, Outcome
from gatebench.records.mlflow_entry import TRACEBACK
from gatebench.trial import Trial


class TrialRunner(Protocol):
    """Trains one trial: `train` with its places given."""

    def __call__(self, trial: Trial, *, emit: Callable[[Epoch], None]) -> Outcome:
        """Return what came out, telling every epoch on the way."""


def train(trial: Trial, *, home: Path, data_root: Path, keep_memory: bool, emit: Callable[[Epoch], None]) -> Outcome:
    """Train a trial; torch and Lightning are imported here, so only where trials run."""
    from gatebench.training import run_trial

    return run_trial(trial, home=home, data_root=data_root, emit=emit, keep_memory=keep_memory)


def attempt(trial: Trial, run: TrialRunner, emit: Callable[[Epoch], None]) -> Outcome:
    """Return the trial's outcome: an unexpected error is one too, and keeps its traceback among the facts.

    Raises:
        UserError: a mistake of the user's, a refusal among them.
    """
    try:
        return run(trial, emit=emit)
    except UserError:
        raise
    except Exception as error:
        sentence = f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0] or 'no message'}"
        return Outcome.of(trial, "failed", sentence, facts={TRACEBACK: traceback.format_exc()})


def forgiving(trial: Trial, run: TrialRunner, emit: Callable[[Epoch], None]) -> Outcome:
    """Return the trial's outcome, a mistake of the user's among them: one trial of many must not stop the others."""
    try:
        return attempt(trial, run, emit)
    except Refusal as refusal:
        return Outcome.of(trial, "refused", str(refusal))
    except UserError as error:
        return Outcome.of(trial, "failed", str(error))
