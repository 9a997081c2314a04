"""The accuracy of a trained network on the test clips with noise, at several signal-to-noise ratios."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from gatebench.task import Artifacts, Metric, Split, TrainedNetwork
from tasks.speech.feature_request import FeatureRequest

BATCH = 256
"""The number of clips that are tested at once."""


def noisy_metrics(levels: Sequence[float]) -> tuple[Metric, ...]:
    """Return the metric of each signal-to-noise ratio in decibels, for example `accuracy_snr_20`."""
    return tuple(Metric(f"accuracy_snr_{level:g}", "max", low=0, high=1) for level in levels)


def noisy_splits(
    requests: Mapping[float, FeatureRequest], root: Path, cache: Path | None
) -> Iterator[tuple[Metric, Split]]:
    """Yield the metric of each signal-to-noise ratio, with the test clips at this ratio.

    Args:
        requests: {ratio: the fields of the task with this `test_snr_db`}.
        root: the data root.
        cache: the folder of the cache; None for no cache.
    """
    import torch

    from tasks.blocks.splits import TensorSplit
    from tasks.speech.speech_features import features_of

    for request, metric in zip(requests.values(), noisy_metrics(list(requests)), strict=True):
        arrays = features_of(request, root, cache)
        yield metric, TensorSplit(torch.from_numpy(arrays["testing"]), torch.from_numpy(arrays["testing_labels"]))


def noisy_accuracies(splits: Sequence[tuple[Metric, Split]], network: TrainedNetwork, seed: int) -> Artifacts:  # noqa: ARG001
    """Return the accuracy of a network on each split.

    Args:
        splits: the metrics with their splits.
        network: the trained network.
        seed: the seed of the trial, which changes nothing here.
    """
    return Artifacts({metric.name: _accuracy(network, split) for metric, split in splits})


def _accuracy(network: TrainedNetwork, split: Split) -> float:
    import torch

    from tasks.blocks.objectives import count_correct

    correct = 0
    for indices in torch.split(torch.arange(len(split)), BATCH):
        batch = split.batch(indices)
        logits = network(batch)
        correct += int(count_correct(logits, replace(batch, y=batch.y.to(logits.device)))["correct"])
    return correct / len(split)
