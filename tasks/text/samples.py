"""Texts that a trained network writes. T time, B batch, V vocabulary."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from gatebench.task import Batch

SAMPLES, LENGTH = 3, 200
"""The number of samples and the number of tokens of each."""


def sampled_tokens(
    answer: Callable[[Batch], Tensor],
    start: Sequence[int],
    length: int,
    count: int,
    seed: int,
    *,
    carries_state: bool = False,
) -> Tensor:
    """Return texts (length, count) that follow the start. Each token is drawn from the network's distribution.

    A network that carries its state reads each token once. Any other one reads the whole text again for each token.

    Args:
        answer: returns the logits (T, B, V) of a batch.
        start: the tokens that all texts begin with, at least one.
        length: the number of tokens of a text after the start.
        count: the number of texts.
        seed: the seed of the draws.
        carries_state: whether a batch can continue the one before it, see `gatebench.task.Problem.carries_state`.
    """
    generator = torch.Generator().manual_seed(seed)
    text = torch.tensor(start)[:, None].repeat(1, count)
    for number in range(length):
        continues = carries_state and number > 0
        read = text[-1:] if continues else text
        batch = Batch(read, read, torch.full((count,), len(read)), continues=continues)
        probabilities = answer(batch)[-1].double().softmax(-1).cpu()
        drawn = torch.multinomial(probabilities, 1, generator=generator)
        text = torch.cat([text, drawn.T])
    return text[len(start) :]
