"""The witness is a loop over the steps of a single sequence, written from section 3 of Bai et al. 2018."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from gatebench.nn.temporal_convolution import NormalisedConvolution, ResidualBlock, TemporalConvolution

T, B, INPUTS, H, LEVELS, KERNEL = 11, 3, 4, 5, 2, 3

Array = NDArray[np.float64]


def convolution(directions: int, inputs: int = INPUTS) -> TemporalConvolution:
    made = TemporalConvolution(inputs, H, 1, directions, kernel=KERNEL, levels=LEVELS, dropout=0.0)
    generator = torch.Generator().manual_seed(0)
    for weight in made.parameters():
        torch.nn.init.normal_(weight, generator=generator)
    return made.double()


def convolved(layer: NormalisedConvolution, x: Array, dilation: int, ahead: int) -> Array:
    """Return the dilated convolution of a sequence (T, I); its last input is `ahead` steps after the output."""
    direction, length, bias = (one.detach().numpy() for one in (layer.direction, layer.length, layer.bias))
    output = np.tile(bias, (len(x), 1))
    for t in range(len(x)):
        for tap in range(KERNEL):
            read = t + ahead - (KERNEL - 1 - tap) * dilation
            if 0 <= read < len(x):
                for unit in range(len(bias)):
                    weight = length[unit, 0, 0] * direction[unit] / np.sqrt((direction[unit] ** 2).sum())
                    output[t, unit] += weight[:, tap] @ x[read]
    return output


def expected(made: TemporalConvolution, x: Array, directions: int) -> Array:
    for block, dilation in zip(made.blocks, (1, 2), strict=True):
        assert isinstance(block, ResidualBlock)
        ahead = 0 if directions == 1 else dilation * (KERNEL - 1) // 2
        hidden = np.maximum(convolved(block.first, x, dilation, ahead), 0)
        hidden = np.maximum(convolved(block.second, hidden, dilation, ahead), 0)
        if x.shape[1] != hidden.shape[1]:
            weight, bias = (one.detach().numpy() for one in block.residual.parameters())
            x = x @ weight[..., 0].T + bias
        x = np.maximum(x + hidden, 0)
    return x


@pytest.mark.parametrize(("directions", "inputs"), [(1, INPUTS), (2, INPUTS), (1, H)])
def test_it_equals_the_equations_step_by_step(directions: int, inputs: int) -> None:
    made = convolution(directions, inputs)
    x = torch.randn(T, B, inputs, dtype=torch.float64)
    lengths = torch.tensor([T, 6, 1])
    output = made(x, lengths)
    assert output.shape == (T, B, directions * H)
    for example, length in enumerate(lengths.tolist()):
        sequence = expected(made, x[:length, example].numpy(), directions)
        np.testing.assert_allclose(output[:length, example].detach().numpy(), sequence, rtol=1e-9)
        assert not output[length:, example].any()
    torch.testing.assert_close(made(x)[:, 0], output[:, 0])


@pytest.mark.parametrize("directions", [1, 2])
def test_padding_changes_nothing(directions: int) -> None:
    made, x = convolution(directions), torch.randn(T, B, INPUTS, dtype=torch.float64)
    other = x.clone()
    other[6:, 1], other[:, 2] = torch.nan, 1e9
    lengths = torch.tensor([T, 6, 0])
    assert torch.equal(made(x, lengths), made(other, lengths))


def test_an_output_does_not_depend_on_later_inputs_with_one_direction() -> None:
    x = torch.randn(T, B, INPUTS, dtype=torch.float64)
    other = x.clone()
    other[5:] += 1
    causal, both = convolution(1), convolution(2)
    assert torch.equal(causal(x)[:5], causal(other)[:5])
    assert not torch.equal(causal(x)[5:], causal(other)[5:])
    assert not torch.equal(both(x)[:5], both(other)[:5])
