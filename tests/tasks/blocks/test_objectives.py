import math

import pytest
import torch
from torch import Tensor

from gatebench.task import Batch
from tasks.blocks.objectives import LastStep, accuracy, count_correct, cross_entropy, last_step

T, B, H, C = 6, 4, 5, 3
LENGTHS = torch.tensor([6, 1, 3, 5])


@pytest.fixture
def output() -> Tensor:
    return torch.randn(T, B, H, dtype=torch.float64, generator=torch.Generator().manual_seed(0), requires_grad=True)


def test_last_step_is_each_sequences_own(output: Tensor) -> None:
    picked = last_step(output, LENGTHS)
    for column, length in enumerate(LENGTHS.tolist()):
        assert torch.equal(picked[column], output[length - 1, column])
    assert torch.equal(last_step(output, None), output[T - 1])
    assert torch.equal(last_step(output, torch.full((B,), T)), output[T - 1])


@pytest.mark.parametrize("lengths", [None, LENGTHS])
def test_gradient_of_the_last_step(output: Tensor, lengths: Tensor | None) -> None:
    assert torch.autograd.gradcheck(lambda values: last_step(values, lengths), output)


def test_padding_neither_gives_nor_gets(output: Tensor) -> None:
    valid = torch.arange(T)[:, None, None] < LENGTHS[:, None]
    padded = torch.where(valid, output.detach(), torch.nan).requires_grad_()
    head = LastStep(H, classes=C).double()
    logits = head(padded, LENGTHS)
    assert torch.equal(logits, head(output, LENGTHS))
    logits.sum().backward()
    assert padded.grad is not None
    assert torch.equal(padded.grad.masked_select(~valid), torch.zeros(int((~valid).sum()) * H, dtype=torch.float64))
    assert padded.grad[LENGTHS - 1, torch.arange(B)].abs().min() > 0


def test_each_direction_ends_at_its_own_end(output: Tensor) -> None:
    both = torch.cat([output, -output], -1)
    head = LastStep(H, 2, classes=C).double()
    expected = torch.cat([output[LENGTHS - 1, torch.arange(B)], -output[0]], -1)
    assert torch.equal(head(both, LENGTHS), head.linear(expected))


def test_head_is_one_linear_layer(output: Tensor) -> None:
    head = LastStep(H, classes=C).double()
    assert torch.allclose(head(output), output[-1] @ head.linear.weight.T + head.linear.bias)
    assert sum(p.numel() for p in head.parameters()) == C * (H + 1)


def test_cross_entropy_is_the_mean_in_nats() -> None:
    batch = Batch(torch.empty(0), torch.tensor([0, 1]))
    assert cross_entropy(torch.zeros(2, C), batch).item() == pytest.approx(math.log(C))
    logits = torch.tensor([[math.log(8.0), 0.0, 0.0], [0.0, math.log(2.0), 0.0]])
    assert cross_entropy(logits, batch).item() == pytest.approx((-math.log(0.8) - math.log(0.5)) / 2)


def test_accuracy_over_unequal_batches_is_exact() -> None:
    logits = torch.eye(C)[[0, 1, 2, 0, 1, 2, 0]]
    y = torch.tensor([0, 1, 2, 1, 1, 1, 0])
    totals = {"correct": 0.0, "examples": 0.0}
    for part in (slice(0, 5), slice(5, 7)):
        for name, value in count_correct(logits[part], Batch(torch.empty(0), y[part])).items():
            totals[name] += value.item()
    assert totals == {"correct": 5, "examples": 7}
    assert accuracy(totals) == {"accuracy": 5 / 7}
