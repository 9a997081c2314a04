"""The sweeps that the faults disturb."""

from dataclasses import dataclass

STUDY = "torture"
"""The name of the study."""

_COMMON = (
    "task=digits",
    "model.hidden_size=8",
    "model.dropout=0.1",
    "training.patience=0",
    f"study={STUDY}",
    "checkpoint_seconds=0.1",
    "retries.crash=20",  # a fault may kill many processes, and none of the trials may fail because of that
    "retries.memory=20",
)


@dataclass(frozen=True)
class Load:
    """A sweep.

    Attributes:
        arguments: the arguments of `gatebench sweep`.
        trials: the number of its trials.
    """

    arguments: tuple[str, ...]
    trials: int


PLAIN = Load((*_COMMON, "training.max_epochs=8", "cell=lstm,gru,rnn_tanh", "seed=0,1", "workers=2"), 6)
"""Trials of less than a second on two workers, with a checkpoint every 0.1 seconds."""

RANKS = Load(
    (
        *_COMMON,
        "training.max_epochs=6",
        "training.batch_size=256",  # a step of two ranks takes much longer than one of a single process
        "cell=lstm,gru",
        "workers=1",
        "training.devices=2",
    ),
    2,
)
"""Trials of two ranks each, one after another."""
