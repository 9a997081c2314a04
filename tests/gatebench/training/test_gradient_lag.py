"""The gradient over the lag. T time, B batch, H hidden."""

from functools import partial
from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from gatebench.task import Batch, Problem
from gatebench.training import gradient_lag
from gatebench.training.gradient_lag import (
    GradientOverLag,
    gradient_over_lag,
    last_steps,
    longest_examples,
    measured_lags,
)
from gatebench.training.network import Network
from gatebench.trial import Model, Trial
from tasks.blocks.every_step import EveryStep
from tasks.blocks.objectives import LastStep, accuracy, count_correct, cross_entropy
from tasks.blocks.splits import TensorSplit

T, N, H = 6, 5, 3
LENGTHS = torch.tensor([4, 6, 2, 6, 1])


def step_loss(logits: Tensor, batch: Batch) -> Tensor:
    """Return the mean cross-entropy over the steps that are no padding."""
    nats = functional.cross_entropy(logits.flatten(0, 1), batch.y.flatten(), reduction="none").view(batch.y.shape)
    if batch.lengths is None:
        return nats.mean()
    valid = torch.arange(len(nats))[:, None] < batch.lengths
    return nats[valid].mean()


def problem(lengths: Tensor | None, *, per_step: bool) -> Problem:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(N, T, 2, generator=generator, dtype=torch.float64)
    y = torch.randint(3, (N, T) if per_step else (N,), generator=generator)
    split = TensorSplit(x, y, lengths, y_per_step=per_step)
    head = partial(EveryStep, outputs=3) if per_step else partial(LastStep, classes=3)
    loss = step_loss if per_step else cross_entropy
    return Problem(split, split, split, 2, T, nn.Identity(), head, loss, count_correct, accuracy)


def network(of: Problem, cell: str, **model: object) -> Network:
    torch.manual_seed(0)
    trial = Trial({"name": cell, "base": cell}, {"_target_": "tasks.images.digits.Digits"}, Model(H, **model))  # type: ignore[arg-type]
    return Network(of, trial).double()


def expected_norms(of: Problem, built: Network, *, per_step: bool) -> dict[int, list[float]]:
    """Return the norms by lag, by finite differences: each example alone, its state changed at each step."""
    norms: dict[int, list[float]] = {}
    for number in range(N):
        batch = of.val.batch(torch.tensor([number]))
        for step in range(len(batch.x)):
            gradient = [
                (_loss(built, batch, step, unit, 1e-6, per_step) - _loss(built, batch, step, unit, -1e-6, per_step))
                / 2e-6
                for unit in range(H)
            ]
            norms.setdefault(len(batch.x) - 1 - step, []).append(
                torch.tensor(gradient, dtype=torch.float64).norm().item()
            )
    return norms


def _loss(built: Network, batch: Batch, step: int, unit: int, added: float, per_step: bool) -> float:
    """Return the loss of one example whose hidden state is changed at one step; per step, that of the last step."""
    recurrent = built.recurrent
    with torch.no_grad():
        output, state = recurrent(batch.x[: step + 1])
        parts = (state,) if isinstance(state, Tensor) else state
        parts[0][0, 0, unit] += added
        output = torch.cat([output[:-1], parts[0]])
        if step + 1 < len(batch.x):
            later, _ = recurrent(batch.x[step + 1 :], parts if len(parts) > 1 else parts[0])
            output = torch.cat([output, later])
        logits = built.head(output, None)
        if per_step:
            return functional.cross_entropy(logits[-1], batch.y[-1]).item()
        return functional.cross_entropy(logits, batch.y).item()


@pytest.mark.parametrize("per_step", [False, True])
@pytest.mark.parametrize("lengths", [None, LENGTHS])
@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn_tanh", "slstm"])
def test_the_norms_are_those_of_finite_differences(cell: str, lengths: Tensor | None, per_step: bool) -> None:
    of = problem(lengths, per_step=per_step)
    built = network(of, cell)
    found = gradient_over_lag(built, of)
    expected = expected_norms(of, built, per_step=per_step)
    assert found.lag.tolist() == sorted(expected) == list(range(T))
    for lag, norms in expected.items():
        assert found.norm[lag].item() == pytest.approx(sum(norms) / len(norms), rel=1e-5)


def test_only_the_last_lags_are_followed_and_they_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    of = problem(LENGTHS, per_step=False)
    built = network(of, "lstm")
    whole = gradient_over_lag(built, of)
    monkeypatch.setattr(gradient_lag, "LONGEST_LAG", 3)
    part = gradient_over_lag(built, of)
    assert part.lag.tolist() == [0, 1, 2, 3]
    torch.testing.assert_close(part.norm, whole.norm[:4], rtol=1e-6, atol=0.0)


def test_some_of_the_lags_give_the_same_norms(monkeypatch: pytest.MonkeyPatch) -> None:
    of = problem(LENGTHS, per_step=False)
    built = network(of, "gru")
    whole = gradient_over_lag(built, of)
    monkeypatch.setattr(gradient_lag, "measured_lags", lambda steps: [0, 2, 5])
    part = gradient_over_lag(built, of)
    torch.testing.assert_close(part.norm, whole.norm[part.lag], rtol=1e-6, atol=0.0)


@pytest.mark.parametrize("steps", [1, 2, 16, 17, 40, 100, 784, 1024, 1025, 5000])
def test_the_lags_are_all_the_first_and_few_of_the_others(steps: int) -> None:
    lags = measured_lags(steps)
    assert lags[:17] == list(range(min(17, steps)))
    assert lags == sorted(set(lags))
    assert lags[-1] >= min(steps - 1, 1024) * 7 / 8
    assert lags[-1] <= min(steps - 1, 1024)
    assert all(later <= lag * 9 / 8 + 1 for lag, later in pairwise(lags))
    assert len(lags) <= 66


def test_the_longest_examples_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    assert longest_examples(problem(LENGTHS, per_step=False).val).tolist() == [1, 3, 0, 2, 4]
    monkeypatch.setattr(gradient_lag, "EXAMPLES", 2)
    assert longest_examples(problem(LENGTHS, per_step=False).val).tolist() == [1, 3]
    assert longest_examples(problem(None, per_step=False).val).tolist() == [0, 1]


@pytest.mark.parametrize("model", [{"num_layers": 2, "dropout": 0.5}, {"bidirectional": True}])
def test_nothing_of_the_network_changes(model: dict[str, object]) -> None:
    of = problem(LENGTHS, per_step=False)
    built = network(of, "gru", **model).train()
    before = {name: weight.clone() for name, weight in built.state_dict().items()}
    state = torch.get_rng_state()
    one, other = gradient_over_lag(built, of), gradient_over_lag(built, of)
    assert torch.equal(one.norm, other.norm)
    assert (one.norm > 0).all()
    assert torch.equal(torch.get_rng_state(), state)
    assert built.training
    assert all(torch.equal(weight, before[name]) for name, weight in built.state_dict().items())
    assert all(weight.grad is None for weight in built.parameters())


def test_the_half_is_the_first_lag_below_half_of_lag_0() -> None:
    def half(*norms: float) -> int | None:
        return GradientOverLag(torch.arange(len(norms)), torch.tensor(norms)).half

    assert half(1.0, 0.5, 0.49, 0.1) == 2
    assert half(1.0, 2.0, 0.9) is None
    assert half(float("nan"), 0.1) is None
    assert half(float("inf"), 0.1) is None
    assert half(0.0, 0.0) is None


def test_the_last_step_of_each_example() -> None:
    assert last_steps(None, 3, 2).tolist() == [[False, False], [False, False], [True, True]]
    assert last_steps(torch.tensor([1, 3]), 3, 2).tolist() == [[True, False], [False, False], [False, True]]


def test_the_reach_is_the_last_lag_with_a_hundredth_of_lag_0() -> None:
    def reach(*norms: float) -> int | None:
        return GradientOverLag(torch.arange(len(norms)), torch.tensor(norms, dtype=torch.float64)).reach

    assert reach(1.0, 0.005, 0.01, 0.0099) == 2
    assert reach(1.0, 0.0, 0.0) == 0
    assert reach(1.0, 2.0, float("inf")) == 2  # it explodes
    assert reach(float("nan"), 0.1) is reach(0.0, 0.0) is reach(float("inf"), 0.1) is None
