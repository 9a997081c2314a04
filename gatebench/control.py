"""How a running trial is continued from a checkpoint, saved, and stopped. This module does not import torch."""

from collections.abc import Callable
from dataclasses import dataclass

SAVE_SECONDS = 30.0
"""The default time between two checkpoints of a trial."""


class Stopped(Exception):  # noqa: N818  (it is no error)
    """A trial has stopped because `Control.should_stop` returned True. Its last checkpoint was saved before."""


def _ignore(content: bytes) -> None:
    del content


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Control:
    """The control of one running trial.

    A trial that continues from a checkpoint ends with the same weights and metrics, to the last bit on the CPU, as one
    that was never stopped. It sends the epochs of the checkpoint again before it continues. A checkpoint that does not
    fit is reported on stderr, and the trial begins at its first step.

    Attributes:
        resume: the content of the checkpoint from which the trial continues; None: it begins at its first step.
        save: the function that receives the content of each checkpoint.
        should_stop: a function that is asked after each training step. If it returns True, the trial saves a
            checkpoint and raises `Stopped`.
        save_seconds: the time between two checkpoints. A trial that is shorter saves none.
    """

    resume: bytes | None = None
    save: Callable[[bytes], None] = _ignore
    should_stop: Callable[[], bool] = _never
    save_seconds: float = SAVE_SECONDS
