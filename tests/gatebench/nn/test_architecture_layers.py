import pytest
import torch
from torch import Generator, Tensor

from gatebench.cells import ARCHITECTURES
from gatebench.errors import UserError
from gatebench.nn.architecture_layers import architecture_layers
from gatebench.nn.temporal_convolution import NormalisedConvolution, TemporalConvolution


def weights(name: str, seed: int) -> dict[str, Tensor]:
    made = architecture_layers(
        ARCHITECTURES[name], 3, 8, 2, 1, steps=30, dropout=0.1, generator=Generator().manual_seed(seed)
    )
    return made.state_dict()


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_weights_come_from_the_generator_alone(name: str) -> None:
    before = torch.get_rng_state()
    one, same, other = weights(name, 0), weights(name, 0), weights(name, 1)
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(one[key], same[key]) for key in one)
    assert any(not torch.equal(one[key], other[key]) for key in one)
    assert all(value.isfinite().all() and value.abs().max() <= 1 for key, value in one.items() if "norm" not in key)


def test_a_convolution_starts_with_its_directions_as_weights_and_sees_all_steps() -> None:
    made = architecture_layers(
        ARCHITECTURES["tcn"], 3, 8, 1, 1, steps=30, dropout=0.0, generator=Generator().manual_seed(0)
    )
    assert isinstance(made, TemporalConvolution)
    assert len(made.blocks) == 4  # 4 (2^4 - 1) = 60 steps; 3 levels see 28 earlier steps
    for layer in (one for one in made.modules() if isinstance(one, NormalisedConvolution)):
        torch.testing.assert_close(layer.length.flatten(), layer.direction.flatten(1).norm(dim=1))
    x = torch.randn(30, 8, 3, generator=Generator().manual_seed(0)).requires_grad_()
    (gradient,) = torch.autograd.grad(made(x)[-1].sum(), x)
    assert gradient.abs().sum((1, 2)).all()  # in a single sequence, the rectifiers may be off for a step


def test_heads_must_divide_the_output() -> None:
    with pytest.raises(UserError, match="attention has 2 heads"):
        architecture_layers(ARCHITECTURES["attention"], 3, 5, 1, 1, steps=3, dropout=0.0, generator=Generator())
