"""Permuted sequential MNIST: the pixels of all digits are in the same random order."""

from dataclasses import dataclass

from tasks.images.sequential_mnist import SequentialMnist


@dataclass(frozen=True)
class PermutedMnist(SequentialMnist):
    """Sequential MNIST with a random permutation of the 784 pixels, the same for all images; see `SequentialMnist`."""

    title = "Permuted sequential MNIST"

    permutation_seed: int | None = 0
