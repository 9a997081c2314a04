from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from gatebench.nn.batch_draws import BatchDraws, BatchShare

DRAWS: dict[str, Callable[[BatchDraws, Tensor], Tensor]] = {
    "weight noise": lambda draws, x: draws.weight_noise(torch.empty(4, 3), 0.5),
    "weight mask": lambda draws, x: draws.weight_mask(torch.empty(4, 3), 0.5),
    "example mask": lambda draws, x: draws.example_mask(x, 6, 0.5),
    "noise": lambda draws, x: draws.noise(x, 0.5),
}


@pytest.mark.parametrize("name", DRAWS)
def test_the_numbers_of_an_example_do_not_depend_on_the_shares(name: str) -> None:
    """The second share has fewer steps, and the third has no example and draws nothing in the first step."""
    whole, first, second, empty = (BatchDraws(3) for _ in range(4))
    parts = [(first, torch.zeros(7, 3, 2), 0), (second, torch.zeros(5, 2, 2), 3)]
    for step in range(2):
        whole.begin(BatchShare(7, 5))
        expected = DRAWS[name](whole, torch.zeros(7, 5, 2))
        empty.begin(BatchShare(7, 5, 5))
        for draws, x, start in parts:
            draws.begin(BatchShare(7, 5, start))
            found = DRAWS[name](draws, x)
            match name:
                case "example mask":
                    assert torch.equal(found, expected[start : start + x.shape[1]])
                case "noise":
                    assert torch.equal(found, expected[: len(x), start : start + x.shape[1]])
                case _:
                    assert torch.equal(found, expected)
        if step:
            empty.share = BatchShare(7, 5)
            assert torch.equal(DRAWS[name](empty, torch.zeros(7, 5, 2)), expected)


@pytest.mark.parametrize("name", DRAWS)
def test_every_step_and_every_seed_has_numbers_of_its_own(name: str) -> None:
    x = torch.zeros(7, 5, 2)
    found = []
    for seed in (3, 4):
        draws = BatchDraws(seed)
        for _ in range(2):
            draws.begin(BatchShare(7, 5))
            found += [DRAWS[name](draws, x), DRAWS[name](draws, x)]
    assert not any(torch.equal(one, other) for number, one in enumerate(found) for other in found[number + 1 :])


def test_the_distributions() -> None:
    draws = BatchDraws(0)
    draws.begin(BatchShare(100, 200))
    x = torch.zeros(100, 200, 50)
    noise = draws.noise(x, 0.3)
    assert abs(noise.mean().item()) < 1e-3
    assert noise.std().item() == pytest.approx(0.3, rel=1e-2)
    mask = draws.example_mask(x, 500, 0.2)
    assert mask.shape == (200, 500)
    assert torch.unique(mask).tolist() == [0.0, 1.25]
    assert mask.mean().item() == pytest.approx(1, rel=1e-2)
    assert draws.weight_mask(x, 0.2).mean().item() == pytest.approx(1, rel=1e-2)


def test_without_a_seed_the_numbers_are_those_of_torch() -> None:
    draws = BatchDraws()
    assert draws.generator is None
    torch.manual_seed(5)
    one = draws.noise(torch.zeros(3, 2, 2), 1.0)
    torch.manual_seed(5)
    assert torch.equal(one, torch.randn(3, 2, 2))
