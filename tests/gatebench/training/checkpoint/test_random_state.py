import pytest
import torch
from torch import nn

from gatebench.errors import UserError
from gatebench.training.checkpoint.random_state import check_random_states, random_states, set_random_states


class Source(nn.Module):
    def __init__(self, seed: int) -> None:
        super().__init__()
        self.source = torch.Generator().manual_seed(seed)


class Noisy(nn.Module):
    def __init__(self, seed: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))
        self.inner = Source(seed)

    def draw(self) -> list[float]:
        return [*torch.rand(3).tolist(), *torch.rand(3, generator=self.inner.source).tolist()]


def test_the_draws_continue() -> None:
    torch.manual_seed(1)
    module = Noisy(2)
    module.draw()
    states = random_states(module)
    assert states.keys() == {"random/torch", "random/inner.source"}
    expected = module.draw()
    torch.manual_seed(3)
    other = Noisy(4)
    check_random_states(other, states)
    set_random_states(other, states)
    assert other.draw() == expected


@pytest.mark.parametrize("name", ["random/torch", "random/inner.source"])
@pytest.mark.parametrize(
    "state", [None, torch.zeros(3), torch.zeros(5056, dtype=torch.uint8), torch.zeros(16, dtype=torch.uint8)]
)
def test_what_is_no_state_is_refused(name: str, state: torch.Tensor | None) -> None:
    module = Noisy(0)
    states = random_states(module)
    before = torch.get_rng_state()
    if state is None:
        del states[name]
    else:
        states[name] = state
    with pytest.raises(UserError, match=f"the tensor '{name}' is missing, or is not the state of a generator"):
        check_random_states(module, states)
    assert torch.equal(torch.get_rng_state(), before)
