"""Permuted MNIST: the pixels of a digit in one fixed random order."""

from dataclasses import dataclass

from tasks.images.sequential_mnist import SequentialMnist


@dataclass(frozen=True)
class PermutedMnist(SequentialMnist):
    """Sequential MNIST whose 784 pixels come in one random order, the same for all images; see `SequentialMnist`."""

    title = "Permuted sequential MNIST"

    permutation_seed: int | None = 0
