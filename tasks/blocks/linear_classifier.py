"""What a linear map reaches on clips: the baseline of classification. T time, B batch, I features, C classes."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from gatebench.task import Split

STRETCHES = 7  # of a clip; the map sees the mean of each
RIDGE = 0.02  # is added to the inputs' variance
CHUNK = 1024  # examples at once


@torch.no_grad()
def linear_accuracy(train: Split, test: Split, encoder: nn.Module, classes: int) -> float:
    """Return the test accuracy of least squares on the encoded features' means over each seventh of a clip."""
    was_training = encoder.training
    encoder.eval()
    inputs, y = _inputs(train, encoder)
    gram = inputs.T @ inputs + RIDGE * len(inputs) * torch.eye(inputs.shape[1], dtype=inputs.dtype)
    weights = torch.linalg.solve(gram, inputs.T @ functional.one_hot(y, classes).to(inputs))
    inputs, y = _inputs(test, encoder)
    encoder.train(was_training)
    return float(((inputs @ weights).argmax(-1) == y).double().mean())


def _inputs(split: Split, encoder: nn.Module) -> tuple[Tensor, Tensor]:
    """Return the means of the stretches with a one behind (N, STRETCHES · I + 1), and the classes (N,)."""
    found, targets = [], []
    device = next(encoder.buffers()).device
    for indices in torch.split(torch.arange(len(split)), CHUNK):
        batch = split.batch(indices)
        encoded = encoder(batch.x.to(device)).cpu().permute(1, 2, 0)
        means = functional.adaptive_avg_pool1d(encoded, STRETCHES).flatten(1).double()
        found.append(functional.pad(means, (0, 1), value=1.0))
        targets.append(batch.y)
    return torch.cat(found), torch.cat(targets)
