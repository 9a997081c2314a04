"""The cross-entropy of a large vocabulary, in chunks of tokens: the logits of all tokens are never held at once.

N tokens, H hidden, V vocabulary, T time, B batch. For the backward pass N · H + V · H numbers are kept, the gradients
of the inputs, where `torch.nn.functional.cross_entropy` keeps N · V.
"""

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from gatebench.task import Batch

LARGE = 5000
"""The least vocabulary for which tasks compute the cross-entropy in chunks."""

CHUNK = 2**21
"""The largest number of logits of a chunk, 8 MB in float32, if it has more than one token."""


class _ChunkedCrossEntropy(torch.autograd.Function):
    """The nats of tokens, and whether each target has the largest logit.

    The gradient of the logits of a token is (softmax - one-hot) times the gradient g of its nats. The forward pass
    computes the gradients of all inputs for g = 1, while it holds the logits of a chunk.
    """

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, weight: Tensor, bias: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Return (N,) nats and (N,) truth values of hidden (N, H), weight (V, H), bias (V,) and targets (N,)."""
        nats = hidden.new_empty(len(hidden))
        is_correct = torch.empty(len(hidden), dtype=torch.bool, device=hidden.device)
        is_trained = any(ctx.needs_input_grad)
        gradients = tuple(torch.zeros_like(value) for value in (hidden, weight, bias)) if is_trained else ()
        for chunk in _chunks(len(hidden), len(weight)):
            logits = torch.addmm(bias, hidden[chunk], weight.T)
            total = logits.logsumexp(-1, keepdim=True)
            nats[chunk] = (total - logits.gather(1, targets[chunk, None]))[:, 0]
            is_correct[chunk] = logits.argmax(-1) == targets[chunk]
            if is_trained:
                of_logits = _minus_targets(logits.sub_(total).exp_(), targets[chunk])
                torch.mm(of_logits, weight, out=gradients[0][chunk])
                gradients[1].addmm_(of_logits.T, hidden[chunk])
                gradients[2].add_(of_logits.sum(0))
        ctx.save_for_backward(hidden, weight, bias, targets, *gradients)
        ctx.mark_non_differentiable(is_correct)
        return nats, is_correct

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor, _: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        """Return the gradients of hidden, weight and bias.

        If all tokens have the same g, as in a mean, the sums of the forward pass are scaled. Otherwise the logits are
        computed again for the gradients of weight and bias. On a GPU these are NaN then: a branch would wait for it.
        """
        hidden, weight, bias, targets, of_hidden, of_weight, of_bias = ctx.saved_tensors
        is_mean = (gradient == gradient[:1]).all()
        if gradient.device.type == "cpu" and not is_mean:
            of_weight, of_bias = _weighted_sums(hidden, weight, bias, targets, gradient)
        else:
            scale = torch.where(is_mean, gradient[:1].sum(), math.nan)
            of_weight, of_bias = of_weight * scale, of_bias * scale
        return of_hidden * gradient[:, None], of_weight, of_bias, None


def _weighted_sums(
    hidden: Tensor, weight: Tensor, bias: Tensor, targets: Tensor, gradient: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the gradients of weight and bias if each token has a gradient of its own, (N,)."""
    of_weight, of_bias = torch.zeros_like(weight), torch.zeros_like(bias)
    for chunk in _chunks(len(hidden), len(weight)):
        shares = torch.addmm(bias, hidden[chunk], weight.T).softmax(-1)
        of_logits = _minus_targets(shares, targets[chunk]).mul_(gradient[chunk, None])
        of_weight.addmm_(of_logits.T, hidden[chunk])
        of_bias += of_logits.sum(0)
    return of_weight, of_bias


def _minus_targets(shares: Tensor, targets: Tensor) -> Tensor:
    """Subtract 1 from the probability (n, V) of each target, in place."""
    shares[torch.arange(len(shares), device=shares.device), targets] -= 1
    return shares


def scored_tokens(hidden: Tensor, linear: nn.Linear, targets: Tensor, places: Tensor | None) -> Tensor:
    """Return the scores (T, B, 3) of tokens: their nats, 1 if they have the largest logit, and 1 if they are valid.

    All three are 0 for tokens that are not valid. They are computed in the dtype of the weights, also under
    `torch.autocast`. On a GPU the gradients of the weights need a loss such as `mean_nats`, which has the same gradient
    for the nats of all tokens; with others they are NaN there.

    Args:
        hidden: the input (T, B, H) of the last layer.
        linear: the last layer, with V outputs and a bias.
        targets: the right tokens, (T, B).
        places: the numbers (N,) of the valid tokens, see `tasks.blocks.valid_steps`; None if all are valid.
    """
    read, wanted = hidden.to(linear.weight.dtype).flatten(0, 1), targets.flatten()
    if places is not None:
        read, wanted = read.index_select(0, places), wanted.index_select(0, places)
    with torch.autocast(hidden.device.type, enabled=False):  # it does not look into the backward pass of a function
        nats, is_correct = _ChunkedCrossEntropy.apply(  # type: ignore[no-untyped-call]
            read, linear.weight, linear.bias, wanted.long()
        )
    scores = torch.stack([nats, is_correct.to(nats), torch.ones_like(nats)], -1)
    if places is not None:
        scores = read.new_zeros(targets.numel(), 3).index_copy(0, places, scores)
    return scores.reshape(*targets.shape, 3)


def mean_nats(scores: Tensor, batch: Batch) -> Tensor:
    """Return the mean cross-entropy, in nats a token, of scores from `scored_tokens`."""
    del batch
    return scores[..., 0].sum() / scores[..., 2].sum()


def count_scores(scores: Tensor, batch: Batch) -> dict[str, Tensor]:
    """Return sums over the batch as `tasks.text.next_token.count_tokens` does, from scores of `scored_tokens`."""
    del batch
    nats, correct, tokens = scores.detach().double().flatten(0, 1).sum(0)
    return {"nats": nats, "tokens": tokens, "correct": correct}


def _chunks(tokens: int, symbols: int) -> Iterator[slice]:
    """Yield the tokens of each chunk."""
    size = max(CHUNK // symbols, 1)
    for start in range(0, tokens, size):
        yield slice(start, min(start + size, tokens))
