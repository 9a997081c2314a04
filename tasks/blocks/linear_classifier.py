"""A baseline of classification without recurrence: ridge regression on features averaged over segments of the time.

N examples, T time, B batch, I features, C classes. The regression is written by hand because it is one call of
`torch.linalg.solve`; `RidgeClassifier` of scikit-learn uses other targets (-1 and 1 instead of 0 and 1).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from gatebench.task import Split

SEGMENTS = 7  # of a sequence; the classifier sees the mean of each
RIDGE = 0.02  # added to the variance of each input
BATCH_SIZE = 1024


@torch.no_grad()
def linear_accuracy(train: Split, test: Split, encoder: nn.Module, classes: int) -> float:
    """Return the accuracy on `test` of ridge regression on one-hot classes, fitted on `train`.

    The inputs are the means of the encoded features over each of `SEGMENTS` equal segments of a sequence.
    """
    was_training = encoder.training
    encoder.eval()
    inputs, y = _inputs(train, encoder)
    gram = inputs.T @ inputs + RIDGE * len(inputs) * torch.eye(inputs.shape[1], dtype=inputs.dtype)
    weights = torch.linalg.solve(gram, inputs.T @ functional.one_hot(y, classes).to(inputs))
    inputs, y = _inputs(test, encoder)
    encoder.train(was_training)
    return float(((inputs @ weights).argmax(-1) == y).double().mean())


def _inputs(split: Split, encoder: nn.Module) -> tuple[Tensor, Tensor]:
    """Return the means of the segments and a constant 1 for the bias (N, SEGMENTS · I + 1), and the classes (N,)."""
    inputs, targets = [], []
    device = next(encoder.buffers()).device
    for indices in torch.split(torch.arange(len(split)), BATCH_SIZE):
        batch = split.batch(indices)
        encoded = encoder(batch.x.to(device)).cpu().permute(1, 2, 0)
        means = functional.adaptive_avg_pool1d(encoded, SEGMENTS).flatten(1).double()
        inputs.append(functional.pad(means, (0, 1), value=1.0))
        targets.append(batch.y)
    return torch.cat(inputs), torch.cat(targets)
