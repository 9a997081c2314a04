"""The simplest baseline of classification: the most frequent class."""

import torch

from gatebench.task import Split


def majority(train: Split, test: Split) -> float:
    """Return the accuracy on `test` of the constant answer that is the most frequent class in `train`."""
    classes = train.batch(torch.arange(len(train))).y
    return (test.batch(torch.arange(len(test))).y == classes.mode().values).double().mean().item()
