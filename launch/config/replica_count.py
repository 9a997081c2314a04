"""The number of trials that share a process, `replicas`."""

from collections.abc import Iterable

from gatebench.errors import out_of_range
from gatebench.trial import Training

AUTO = "auto"

ON_DEVICE = {"cpu": 1, "cuda": 4}
"""{device: the number of trials in a process with `auto`}.

On a CPU they are as fast in processes of their own. The number for a GPU is a guess, because none was at hand.
"""


def check_replicas(setting: int | str) -> None:
    """Check the setting.

    Raises:
        UserError: it is no number of trials.
    """
    is_number = isinstance(setting, int) and not isinstance(setting, bool) and setting >= 1
    if not is_number and setting != AUTO:
        raise out_of_range("replicas", setting, f"a whole number of at least 1, or {AUTO}")


def replicas_of(setting: int | str, training: Training) -> int:
    """Return the largest number of trials in a process that has a trial with these settings of the training.

    A trial on several devices has its own processes, and torch's compiler works for one thread of a process.

    Args:
        setting: `replicas`.
        training: the settings.
    """
    if training.ranks > 1 or training.compile:
        return 1
    return setting if isinstance(setting, int) else ON_DEVICE[training.device]


def replicas_sentence(setting: int | str, trainings: Iterable[Training]) -> str | None:
    """Return a sentence about the processes of trials with these settings; None if each has one without being asked."""
    if setting == 1:
        return None
    most = max((replicas_of(setting, training) for training in trainings), default=1)
    if most == 1:
        return f"replicas={setting}: each of these trials has a process of its own."
    return f"replicas={setting}: up to {most} trials share a process."
