"""Attention of a decoder over the outputs of an encoder. T source steps, U target steps, B batch, M and H features."""

from typing import Protocol

import torch
from torch import Tensor, nn

KINDS = ("none", "dot", "additive")
"""The kinds of attention: none, the scores of Luong et al. 2015, or those of Bahdanau et al. 2015."""


class Attention(Protocol):
    """Adds what a decoder reads from the encoder to its outputs."""

    def __call__(self, output: Tensor, memory: Tensor, valid: Tensor) -> Tensor:
        """Return the outputs (U, B, H) with what was read.

        Args:
            output: the outputs of the decoder, (U, B, H).
            memory: the outputs of the encoder, (T, B, M).
            valid: whether each step of the encoder is no padding, (T, B).
        """


class NoAttention(nn.Module):
    """Returns the outputs of the decoder: it knows the source by its initial state alone."""

    def forward(self, output: Tensor, memory: Tensor, valid: Tensor) -> Tensor:
        """Return the output."""
        del memory, valid
        return output


class OutputAttention(nn.Module):
    """Attention after the decoder: s[u] = softmax over t of score(h[u], m[t]), c[u] = Σ s m, h̃ = tanh(W [c; h]).

    The context is not an input of the next step, so the decoder runs over all steps at once. This is the global
    attention of Luong, Pham & Manning 2015, section 3.1.

    The score is h · A m ("dot"), or v · tanh(A m + R h) as in Bahdanau, Cho & Bengio 2015 ("additive").

    Args:
        kind: "dot" or "additive".
        memory_size: M.
        hidden_size: H.
    """

    def __init__(self, kind: str, memory_size: int, hidden_size: int) -> None:
        super().__init__()
        self.key = nn.Linear(memory_size, hidden_size, bias=False)
        self.mix = nn.Linear(memory_size + hidden_size, hidden_size, bias=False)
        self.query = nn.Linear(hidden_size, hidden_size) if kind == "additive" else None
        self.score = nn.Linear(hidden_size, 1, bias=False) if kind == "additive" else None

    def weights(self, output: Tensor, memory: Tensor, valid: Tensor) -> Tensor:
        """Return the weight of each source step for each target step, (B, U, T)."""
        keys, queries = self.key(memory).transpose(0, 1), output.transpose(0, 1)  # (B, T, H), (B, U, H)
        if self.query is None or self.score is None:
            scores = queries @ keys.transpose(1, 2)
        else:
            scores = self.score(torch.tanh(keys[:, None] + self.query(queries)[:, :, None]))[..., 0]
        weights: Tensor = scores.masked_fill(~valid.T[:, None], -torch.inf).softmax(-1)
        return weights

    def forward(self, output: Tensor, memory: Tensor, valid: Tensor) -> Tensor:
        """Return h̃, (U, B, H)."""
        context = self.weights(output, memory, valid) @ memory.transpose(0, 1)
        mixed: Tensor = torch.tanh(self.mix(torch.cat([context.transpose(0, 1), output], -1)))
        return mixed


def make_attention(kind: str, memory_size: int, hidden_size: int) -> nn.Module:
    """Return the attention of a kind; see `OutputAttention`."""
    return NoAttention() if kind == "none" else OutputAttention(kind, memory_size, hidden_size)
