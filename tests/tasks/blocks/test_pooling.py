import pytest
import torch
from torch import Tensor

from tasks.blocks.pooling import MeanStep, mean_step

T, B, H, C = 6, 4, 5, 3
LENGTHS = torch.tensor([6, 1, 3, 5])


@pytest.fixture
def output() -> Tensor:
    return torch.randn(T, B, H, dtype=torch.float64, generator=torch.Generator().manual_seed(0), requires_grad=True)


def test_the_mean_is_over_each_sequences_own_steps(output: Tensor) -> None:
    pooled = mean_step(output, LENGTHS)
    for column, length in enumerate(LENGTHS.tolist()):
        assert torch.allclose(pooled[column], output[:length, column].mean(0))
    assert torch.equal(mean_step(output, None), output.mean(0))
    assert torch.allclose(mean_step(output, torch.full((B,), T)), output.mean(0))


def test_gradient(output: Tensor) -> None:
    assert torch.autograd.gradcheck(lambda values: mean_step(values, LENGTHS), output)


def test_padding_neither_gives_nor_gets(output: Tensor) -> None:
    behind = torch.arange(T)[:, None, None] >= LENGTHS[:, None]
    padded = output.detach().masked_fill(behind, torch.nan).requires_grad_()
    head = MeanStep(H, classes=C).double()
    logits = head(padded, LENGTHS)
    assert torch.equal(logits, head(output, LENGTHS))
    logits.sum().backward()
    assert padded.grad is not None
    assert not padded.grad.masked_select(behind).any()
    assert padded.grad.masked_select(~behind).abs().min() > 0


def test_head_is_one_linear_layer_on_all_directions(output: Tensor) -> None:
    both = torch.cat([output, -output], -1)
    head = MeanStep(H, 2, classes=C).double()
    assert torch.allclose(head(both, LENGTHS), head.linear(mean_step(both, LENGTHS)))
    assert sum(p.numel() for p in head.parameters()) == C * (2 * H + 1)
