import time
from types import SimpleNamespace
from typing import Any, cast

import pytest
import torch
from torch import nn

from gatebench.training.step_clock import PHASES, Measured, ProductClock, RecurrentClock, StepClock


class Ticks:
    """A clock that is one second later at each call."""

    def __init__(self) -> None:
        self.count = 0.0

    def __call__(self) -> float:
        self.count += 1
        return self.count


class Pair(nn.Module):
    """A layer with an output and a state, as recurrent layers have."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(2, 2)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, tuple[torch.Tensor, torch.Tensor]]:
        output = self.linear(x)
        return output, (output + 1, output + 2)


@pytest.mark.parametrize("used", [0, 1])
def test_forward_and_backward_of_layers_are_added_up(used: int) -> None:
    stack = Pair()
    clock = RecurrentClock({"": stack}, Ticks())
    output, state = stack(torch.randn(3, 2))
    assert clock.forward == 1
    (output if used == 0 else state[1]).sum().backward()
    assert clock.backward > 0  # from the first gradient to those of the weight and of the bias
    clock.reset()
    assert (clock.forward, clock.backward) == (0, 0)


def test_the_phases_of_a_step_add_up_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    stack = Pair()
    clock = StepClock({"": stack}, torch.device("cpu"), 2)
    ticks = Ticks()
    monkeypatch.setattr(time, "perf_counter", ticks)
    trainer: Any = SimpleNamespace(train_dataloader=None)

    def step() -> None:
        clock.on_train_batch_start(trainer, cast("Any", None), cast("Any", None), 0)
        loss = stack(torch.randn(3, 2))[0].sum()
        clock.on_before_backward(trainer, cast("Any", None), loss)
        loss.backward()
        clock.on_after_backward(trainer, cast("Any", None))
        clock.on_train_batch_end(trainer, cast("Any", None), None, cast("Any", None), 0)

    starts = []
    for _ in range(2):
        starts.append(ticks.count + 1)
        step()
    starts.append(ticks.count + 1)
    with pytest.raises(Measured):
        step()
    assert [list(one) for one in clock.steps] == [list(PHASES)] * 2
    assert sum(clock.steps[0].values()) == starts[1] - starts[0]
    assert all(seconds >= 0 for one in clock.steps for seconds in one.values())
    clock.on_train_epoch_end(trainer, cast("Any", None))
    assert len(clock.steps) == 2


def test_matrix_products_are_told_from_other_operations() -> None:
    x = torch.randn(200, 200, requires_grad=True)
    with ProductClock() as clock:
        x.exp().sum().backward()  # type: ignore[no-untyped-call]
        assert clock.seconds == 0
        (x @ x).sum().backward()  # type: ignore[no-untyped-call]
        forward_and_backward = clock.seconds
    assert forward_and_backward > 0
