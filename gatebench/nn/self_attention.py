"""Layers of self-attention with the interface of recurrent layers.

T time, B batch, I input, H hidden, D directions, d = D · H the output size.
"""

import math

import torch
from torch import Tensor, nn

from gatebench.backends.lengths import step_mask
from gatebench.nn.masks import Dropout


class SelfAttention(nn.Module):
    """A linear map, positions, L layers of self-attention, and a normalisation.

    A layer computes x ← x + A(N(x)), then x ← x + F(N(x)), with normalisation N, attention A, and F a linear map to
    f · d values, ReLU, and a linear map back. Dropout follows the positions, A, the ReLU and F. A layer equals
    `torch.nn.TransformerEncoderLayer` with `norm_first=True`.

    Sources: Vaswani et al. 2017, arXiv 1706.03762; Xiong et al. 2020, arXiv 2002.04745.

    Args:
        input_size: I.
        hidden_size: H.
        num_layers: L.
        directions: D. With 1, a step attends to itself and to earlier steps; with 2, to all steps.
        heads: the number of heads, a divisor of D · H.
        feedforward: f.
        positions: whether sines and cosines of the positions are added to the input.
        dropout: the probability of dropout.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int,
        directions: int,
        *,
        heads: int,
        feedforward: int,
        positions: bool,
        dropout: float,
    ) -> None:
        super().__init__()
        size = directions * hidden_size
        self.positions, self.is_causal = positions, directions == 1
        self.input = nn.Linear(input_size, size)
        self.dropout = Dropout(dropout)
        self.layers = nn.ModuleList(AttentionLayer(size, heads, feedforward, dropout) for _ in range(num_layers))
        self.norm = nn.LayerNorm(size)

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return the output (T, B, d), which is 0 after the end of a sequence.

        Args:
            x: (T, B, I).
            lengths: (B,) valid steps of each sequence; None if all have T.
        """
        if lengths is not None:
            x = torch.where(step_mask(lengths, x), x, 0.0)
        x = self.input(x)
        if self.positions:
            x = x + sinusoids(len(x), x.shape[-1]).to(x)[:, None]
        x = self.dropout(x)
        mask = None if lengths is None or self.is_causal else _key_mask(lengths, x)
        for layer in self.layers:
            x = layer(x, mask, self.is_causal)
        output: Tensor = self.norm(x)
        return output if lengths is None else torch.where(step_mask(lengths, output), output, 0.0)


class AttentionLayer(nn.Module):
    """x ← x + A(N(x)), then x ← x + F(N(x)), see `SelfAttention`.

    Args:
        size: d.
        heads: the number of heads, a divisor of d.
        feedforward: f.
        dropout: the probability of dropout.
    """

    def __init__(self, size: int, heads: int, feedforward: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.probability = heads, dropout
        self.norm1, self.norm2 = nn.LayerNorm(size), nn.LayerNorm(size)
        self.projections = nn.Linear(size, 3 * size)
        self.output = nn.Linear(size, size)
        self.wide, self.narrow = nn.Linear(size, feedforward * size), nn.Linear(feedforward * size, size)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor | None, is_causal: bool) -> Tensor:
        """Return the output (T, B, d).

        Args:
            x: (T, B, d).
            mask: (B, 1, 1, T), True for the steps that are read; None: all.
            is_causal: whether a step reads only itself and earlier steps.
        """
        x = x + self.dropout(self._attention(self.norm1(x), mask, is_causal))
        hidden = self.dropout(torch.relu(self.wide(self.norm2(x))))
        output: Tensor = x + self.dropout(self.narrow(hidden))
        return output

    def _attention(self, x: Tensor, mask: Tensor | None, is_causal: bool) -> Tensor:
        """Return the attention (T, B, d) over the steps.

        Args:
            x: (T, B, d).
            mask: (B, 1, 1, T), True for the steps that are read; None: all.
            is_causal: whether a step reads only itself and earlier steps.
        """
        steps, examples, size = x.shape
        split = self.projections(x).view(steps, examples, 3, self.heads, size // self.heads)
        query, key, value = split.permute(2, 1, 3, 0, 4)  # (B, heads, T, d / heads) each
        dropout = self.probability if self.training else 0.0
        read = nn.functional.scaled_dot_product_attention(
            query, key, value, attn_mask=mask, dropout_p=dropout, is_causal=is_causal
        )
        output: Tensor = self.output(read.permute(2, 0, 1, 3).reshape(steps, examples, size))
        return output


def sinusoids(steps: int, size: int) -> Tensor:
    """Return the positions (T, d): the sine and the cosine of t / 10000^(2i/d) in the columns 2i and 2i + 1.

    Source: Vaswani et al. 2017, section 3.5.
    """
    columns = torch.arange(0, size, 2, dtype=torch.float64)
    angles = torch.arange(steps, dtype=torch.float64)[:, None] * torch.exp(columns * (-math.log(10000.0) / size))
    return torch.stack([angles.sin(), angles.cos()], -1).flatten(1)[:, :size]


def _key_mask(lengths: Tensor, x: Tensor) -> Tensor:
    """Return the steps (B, 1, 1, T) that can be read. An empty sequence reads its first step, so that no sum is 0."""
    steps = torch.arange(len(x), device=x.device)
    return (steps < lengths.to(x.device, non_blocking=True).clamp(min=1)[:, None])[:, None, None]
