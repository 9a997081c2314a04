import torch
from torch import Generator, nn

from gatebench.training.rank_seeds import seed_generators


class Drawing(nn.Module):
    """A module with a generator of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.generator = Generator().manual_seed(5)


def drawn(rank: int) -> tuple[float, float]:
    torch.manual_seed(5)
    drawing = Drawing()
    seed_generators(nn.Sequential(nn.Dropout(), drawing), 5, rank)
    return torch.rand(1).item(), torch.rand(1, generator=drawing.generator).item()


def test_each_rank_draws_other_numbers_and_rank_0_those_of_a_trial_alone() -> None:
    alone = torch.rand(1, generator=Generator().manual_seed(5)).item()
    assert drawn(0) == (alone, alone)
    assert len({number for rank in range(3) for number in drawn(rank)}) == 3
    assert drawn(1) == drawn(1)
