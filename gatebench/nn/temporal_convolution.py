"""A temporal convolution with the interface of recurrent layers.

T time, B batch, I input, H hidden, D directions, d = D · H the output size, k kernel.
"""

import torch
from torch import Tensor, nn

from gatebench.backends.lengths import step_mask
from gatebench.nn.masks import Dropout


class TemporalConvolution(nn.Module):
    """Residual blocks of dilated convolutions (Bai, Kolter & Koltun 2018, section 3).

    A block computes relu(x + F(x)), with F = dropout(relu(conv(dropout(relu(conv(x)))))); the first block maps x to d
    values with a linear map if I is not d. The dilations of a layer's blocks are 1, 2, 4, …. The weights of the
    convolutions are normalised: w = g v / |v|, with one g for each output.

    Args:
        input_size: I.
        hidden_size: H.
        num_layers: the number of layers, each with blocks of all dilations.
        directions: D. With 1, an output depends on its own step and on earlier ones; with 2, also on later ones.
        kernel: k.
        levels: the number of blocks of a layer.
        dropout: the probability of dropout.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int,
        directions: int,
        *,
        kernel: int,
        levels: int,
        dropout: float,
    ) -> None:
        super().__init__()
        size = directions * hidden_size
        dilations = [2**level for _ in range(num_layers) for level in range(levels)]
        widths = [input_size, *[size] * (len(dilations) - 1)]
        self.blocks = nn.ModuleList(
            ResidualBlock(width, size, kernel, dilation, directions == 1, dropout)
            for width, dilation in zip(widths, dilations, strict=True)
        )

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return the output (T, B, d), which is 0 after the end of a sequence.

        Args:
            x: (T, B, I).
            lengths: (B,) valid steps of each sequence; None if all have T.
        """
        mask = None if lengths is None else step_mask(lengths, x).permute(1, 2, 0)
        x = x.permute(1, 2, 0)  # (B, I, T), as convolutions take it
        for block in self.blocks:
            x = block(x, mask)
        return _valid(x, mask).permute(2, 0, 1)


class ResidualBlock(nn.Module):
    """relu(x + F(x)) with two dilated convolutions in F, see `TemporalConvolution`.

    Args:
        inputs: the number of inputs of a step.
        outputs: the number of outputs of a step.
        kernel: k.
        dilation: the dilation of both convolutions.
        is_causal: whether an output depends on its own step and earlier ones only.
        dropout: the probability of dropout.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, dilation: int, is_causal: bool, dropout: float) -> None:
        super().__init__()
        self.first = NormalisedConvolution(inputs, outputs, kernel, dilation, is_causal=is_causal)
        self.second = NormalisedConvolution(outputs, outputs, kernel, dilation, is_causal=is_causal)
        self.residual = nn.Conv1d(inputs, outputs, 1) if inputs != outputs else nn.Identity()
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Return the output (B, outputs, T).

        Args:
            x: (B, inputs, T).
            mask: (B, 1, T), True at the steps of a sequence; None if all sequences have T steps.
        """
        x = _valid(x, mask)
        hidden = _valid(self.dropout(torch.relu(self.first(x))), mask)
        output: Tensor = torch.relu(self.residual(x) + self.dropout(torch.relu(self.second(hidden))))
        return output


class NormalisedConvolution(nn.Module):
    """A dilated convolution with weight normalisation (Salimans & Kingma 2016), of equal length as its input.

    Args:
        inputs: the number of inputs of a step.
        outputs: the number of outputs of a step.
        kernel: k, the number of steps that an output reads.
        dilation: the distance of these steps.
        is_causal: whether the last of these steps is that of the output; else it is the middle one.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, dilation: int, *, is_causal: bool) -> None:
        super().__init__()
        span = (kernel - 1) * dilation
        self.padding, self.dilation = ((span, 0) if is_causal else (span // 2, span // 2)), dilation
        self.direction = nn.Parameter(torch.empty(outputs, inputs, kernel))
        self.length = nn.Parameter(torch.empty(outputs, 1, 1))
        self.bias = nn.Parameter(torch.empty(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """Return the output (B, outputs, T) of an input (B, inputs, T)."""
        norm = torch.linalg.vector_norm(self.direction, dim=(1, 2), keepdim=True)
        weight = self.length * self.direction / norm
        return nn.functional.conv1d(nn.functional.pad(x, self.padding), weight, self.bias, dilation=self.dilation)


def _valid(x: Tensor, mask: Tensor | None) -> Tensor:
    """Return the values (B, ·, T) with 0 after the end of a sequence, as a convolution pads its input."""
    return x if mask is None else torch.where(mask, x, 0.0)
