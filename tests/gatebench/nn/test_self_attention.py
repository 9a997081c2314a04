"""The witness is torch's own encoder layer with the same weights."""

import math

import pytest
import torch
from torch import Tensor, nn

from gatebench.nn.self_attention import AttentionLayer, SelfAttention, sinusoids

T, B, INPUTS, H = 7, 3, 5, 8


def attention(directions: int, *, dropout: float = 0.0, positions: bool = True) -> SelfAttention:
    torch.manual_seed(0)
    made = SelfAttention(INPUTS, H, 2, directions, heads=2, feedforward=3, positions=positions, dropout=dropout)
    for norm in (one for one in made.modules() if isinstance(one, nn.LayerNorm)):
        nn.init.uniform_(norm.weight)
        nn.init.uniform_(norm.bias)
    return made.double()


def torch_output(made: SelfAttention, x: Tensor, lengths: Tensor | None, *, is_causal: bool) -> Tensor:
    """Return the output of `nn.TransformerEncoderLayer`s with the same weights."""
    hidden = made.input(x) + sinusoids(len(x), made.input.out_features)[:, None]
    steps = torch.arange(len(x))
    future = steps[None] > steps[:, None] if is_causal else None
    padding = None if lengths is None else steps[None] >= lengths[:, None]
    for own in made.layers:
        assert isinstance(own, AttentionLayer)
        size, wide = made.input.out_features, own.wide.out_features
        layer = nn.TransformerEncoderLayer(size, 2, wide, 0.0, norm_first=True).double()
        weights: dict[str, nn.Module] = {
            "self_attn.in_proj": own.projections,
            "self_attn.out_proj.": own.output,
            "linear1.": own.wide,
            "linear2.": own.narrow,
            "norm1.": own.norm1,
            "norm2.": own.norm2,
        }
        state = {
            f"{prefix}{'_' if prefix.endswith('proj') else ''}{name}": value
            for prefix, module in weights.items()
            for name, value in module.state_dict().items()
        }
        layer.load_state_dict(state)
        hidden = layer(hidden, src_mask=future, src_key_padding_mask=padding)
    output: Tensor = made.norm(hidden)
    return output


@pytest.mark.parametrize("directions", [1, 2])
def test_it_equals_the_encoder_layers_of_torch(directions: int) -> None:
    made, x = attention(directions), torch.randn(T, B, INPUTS, dtype=torch.float64)
    lengths = torch.tensor([T, 2, 4])
    expected = torch_output(made, x, None, is_causal=directions == 1)
    torch.testing.assert_close(made(x), expected)
    assert made(x).shape == (T, B, directions * H)
    masked = torch_output(made, x, lengths, is_causal=directions == 1)
    output = made(x, lengths)
    for example, length in enumerate(lengths.tolist()):
        torch.testing.assert_close(output[:length, example], masked[:length, example])
        assert not output[length:, example].any()


@pytest.mark.parametrize("directions", [1, 2])
def test_padding_changes_nothing(directions: int) -> None:
    made, x = attention(directions), torch.randn(T, B, INPUTS, dtype=torch.float64)
    lengths = torch.tensor([4, T, 0])
    other = x.clone()
    other[4:, 0], other[:, 2] = torch.nan, 1e9
    assert torch.equal(made(x, lengths), made(other, lengths))
    torch.testing.assert_close(made(x, lengths)[:4, :1], made(x[:4, :1]))
    assert made(other, lengths).isfinite().all()


def test_an_output_does_not_depend_on_later_inputs_with_one_direction() -> None:
    x = torch.randn(T, B, INPUTS, dtype=torch.float64)
    other = x.clone()
    other[4:] += 1
    causal, both = attention(1), attention(2)
    assert torch.equal(causal(x)[:4], causal(other)[:4])
    assert not torch.equal(causal(x)[4:], causal(other)[4:])
    assert not torch.isclose(both(x)[:4], both(other)[:4]).all(-1).any()


def test_dropout_acts_in_training_mode_only() -> None:
    made, x = attention(1, dropout=0.5), torch.randn(T, B, INPUTS, dtype=torch.float64)
    assert not torch.equal(made(x), made(x))
    made.eval()
    assert torch.equal(made(x), made(x))


def test_positions_are_sines_and_cosines() -> None:
    found = sinusoids(4, 5)
    assert found.shape == (4, 5)
    assert found[3, 0].item() == pytest.approx(math.sin(3))
    assert found[3, 3].item() == pytest.approx(math.cos(3 / 10000 ** (2 / 5)))
    x = torch.randn(1, 1, INPUTS, dtype=torch.float64).expand(T, 1, INPUTS)
    without = attention(1, positions=False)(x)
    torch.testing.assert_close(without, without[:1].expand_as(without))  # equal inputs have equal outputs
