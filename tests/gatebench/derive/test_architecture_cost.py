from itertools import product

import pytest
from torch import Generator, nn

from gatebench.cells import ARCHITECTURES
from gatebench.derive.architecture_cost import architecture_flops, architecture_parameters, levels
from gatebench.nn.architecture_layers import architecture_layers


@pytest.mark.parametrize(
    ("name", "inputs", "layers", "directions"), list(product(ARCHITECTURES, (3, 8), (1, 2), (1, 2))), ids=str
)
def test_the_parameters_are_those_of_the_layers(name: str, inputs: int, layers: int, directions: int) -> None:
    sizes = inputs, 8, layers, directions
    made: nn.Module = architecture_layers(
        ARCHITECTURES[name], *sizes, steps=20, dropout=0.0, generator=Generator().manual_seed(0)
    )
    counted = sum(weight.numel() for weight in made.parameters())
    assert architecture_parameters(ARCHITECTURES[name], *sizes, steps=20) == counted


def test_the_levels_of_a_convolution_see_the_longest_sequence() -> None:
    tcn = ARCHITECTURES["tcn"]
    for steps, directions in product((1, 2, 5, 6, 13, 14, 784), (1, 2)):
        found = levels(tcn, steps, directions)
        reach = 4 * (2**found - 1) // directions
        assert reach >= steps - 1
        assert found == 1 or 4 * (2 ** (found - 1) - 1) // directions < steps - 1
    assert levels(tcn.changed({"levels": 2}), 784) == 2


def test_attention_costs_more_for_longer_sequences_and_a_convolution_of_given_levels_does_not() -> None:
    attention, tcn = ARCHITECTURES["attention"], ARCHITECTURES["tcn"].changed({"levels": 2})
    short, long = (architecture_flops(attention, 3, 8, 1, 1, steps) for steps in (10, 100))
    assert long - short == 4 * 8 * (50 - 5)
    assert architecture_flops(attention, 3, 4, 1, 2, 10) - short == 4 * 8 * (10 - 5)
    assert architecture_flops(tcn, 3, 8, 1, 1, 10) == architecture_flops(tcn, 3, 8, 1, 1, 100)
    assert architecture_flops(tcn, 8, 8, 1, 1, 10) == 2 * 4 * 3 * 64
