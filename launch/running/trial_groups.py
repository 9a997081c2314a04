"""The trials of a sweep that share a process."""

from collections.abc import Callable, Sequence
from math import ceil

from gatebench.trial import Trial


def grouped(trials: Sequence[Trial], most: Callable[[Trial], int]) -> list[list[Trial]]:
    """Return the trials in groups of neighbours that can share a process: they are trained on the same device.

    Args:
        trials: the trials, in their order.
        most: the function that returns the largest number of trials in the group of a trial.
    """
    groups: list[list[Trial]] = []
    for trial in trials:
        last = groups[-1] if groups else []
        fits = last and last[0].training.device == trial.training.device
        if fits and len(last) < min(most(last[0]), most(trial)):
            last.append(trial)
        else:
            groups.append([trial])
    return groups


def spread(most: int, device: str, waiting: int, slots: int) -> int:
    """Return the largest number of trials in a group, so that no GPU is idle while another trains several.

    On a CPU a group has the cores of all its trials, so that none is idle anyway.

    Args:
        most: the largest number that is allowed.
        device: of the trials.
        waiting: the number of trials that have not begun.
        slots: the number of groups that can be trained at a time.
    """
    return most if device == "cpu" else max(1, min(most, ceil(waiting / max(slots, 1))))
