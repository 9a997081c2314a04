"""Truncated back-propagation: the values of a whole pass, and the gradients of chunks that are run by hand."""

from typing import Any

import pytest
import torch
from torch import Tensor

from gatebench import Recurrent
from gatebench.backends.contract import Workload
from gatebench.errors import Refusal, UserError
from gatebench.nn.truncation import chunk_workload
from tests.gatebench.nn.layers import build, inputs, parts

LENGTHS = torch.tensor([5, 1, 4])


def both(cell: str, chunk: int, **settings: Any) -> tuple[Recurrent, Recurrent]:
    return build(cell, truncation=chunk, **settings), build(cell, **settings)


@pytest.mark.parametrize("lengths", [None, LENGTHS])
@pytest.mark.parametrize("backend", ["reference", "fused", "manual", "native", "auto"])
@pytest.mark.parametrize("settings", [{}, {"num_layers": 2, "bidirectional": True}])
def test_the_values_are_those_of_a_whole_pass(settings: dict[str, Any], backend: str, lengths: Tensor | None) -> None:
    truncated, whole = both("lstm", 2, backend=backend, **settings)
    x = inputs(whole)
    if backend == "native" and lengths is not None:  # a sequence has ended before a chunk
        with pytest.raises(Refusal, match="native cannot run a sequence of length 0"):
            truncated(x, lengths=lengths)
        return
    found, expected = truncated(x, lengths=lengths), whole(x, lengths=lengths)
    for one, other in zip((found[0], *parts(found[1])), (expected[0], *parts(expected[1])), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("backend", ["reference", "fused", "native"])
def test_the_gradient_ends_at_the_borders_of_chunks(backend: str) -> None:
    truncated, whole = both("lstm", 2, backend=backend)
    x = inputs(whole).requires_grad_()
    truncated(x)[0][3].sum().backward()  # steps 2 and 3 are one chunk
    assert x.grad is not None
    assert (x.grad.abs().sum((1, 2)) > 0).tolist() == [False, False, True, True, False]
    _, state = whole(x[:2])
    output, _ = whole(x[2:4], tuple(part.detach() for part in state))
    expected = torch.autograd.grad(output[1].sum(), [*whole.parameters()])
    for weight, gradient in zip(truncated.parameters(), expected, strict=True):
        torch.testing.assert_close(weight.grad, gradient)


def test_the_sum_of_the_losses_has_the_sum_of_the_gradients_of_the_chunks() -> None:
    truncated, whole = both("gru", 2)
    x = inputs(whole)
    found = torch.autograd.grad(truncated(x)[0].square().sum(), [*truncated.parameters()])
    state, loss = None, torch.zeros((), dtype=torch.float64)
    for chunk in torch.split(x, 2):
        output, state = whole(chunk, state)
        loss = loss + output.square().sum()
        state = state.detach()
    expected = torch.autograd.grad(loss, [*whole.parameters()])
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other)


def test_chunks_as_long_as_the_sequence_change_nothing() -> None:
    truncated, whole = both("lstm", 5)
    x = inputs(whole)
    assert torch.equal(truncated(x)[0], whole(x)[0])


def test_evaluation_is_not_truncated() -> None:
    truncated, _ = both("lstm", 2)
    x = inputs(truncated).requires_grad_()
    truncated.eval()(x)[0][4].sum().backward()
    assert x.grad is not None
    assert (x.grad.abs().sum((1, 2)) > 0).all()


def test_a_trace_has_the_gates_of_all_steps() -> None:
    truncated, whole = both("lstm", 2)
    x = inputs(whole)
    for gates in (truncated.trace(x)[2][0], truncated.forward_with_gates(x)[2][0]):
        torch.testing.assert_close(gates["f"], whole.trace(x)[2][0]["f"])


def test_the_workload_of_the_chunks() -> None:
    assert chunk_workload(Workload(50, 3, 2, 4), 7) == Workload(7, 3, 2, 4)
    assert chunk_workload(Workload(50, 3, 2, 4, shortest=9), 7) == Workload(7, 3, 2, 4, shortest=0)


def test_a_negative_number_of_steps_is_refused() -> None:
    with pytest.raises(UserError, match="truncation is -1"):
        build("lstm", truncation=-1)
