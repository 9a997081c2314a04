"""The compiled as autograd and its users see it."""

import multiprocessing
from typing import Any

import pytest
import torch
from torch import Tensor

from gatebench import Recurrent, load_cell
from gatebench.backends import fused, reference
from gatebench.backends.contract import Workload
from gatebench.errors import Refusal
from tests.gatebench.backends.agree import Drawn, draw, results

SHAPE = (6, 4, 3, 5)


def drawn32(name: str = "lstm", shape: tuple[int, int, int, int] = SHAPE) -> Drawn:
    weights, x, state = draw(load_cell(name), *shape)
    return {n: w.float() for n, w in weights.items()}, x.float(), tuple(s.float() for s in state)


def test_transposed_and_strided_inputs_give_the_same() -> None:
    weights, x, state = drawn32()
    plain = fused.run(load_cell("lstm"), weights, x, state, None, False).output
    strided = {n: w.mT.contiguous().mT if w.dim() == 2 else w for n, w in weights.items()}
    wide = torch.cat([x, x], -1)[..., : x.shape[-1]].transpose(0, 1).contiguous().transpose(0, 1)
    again = fused.run(load_cell("lstm"), strided, wide, tuple(s.mT.contiguous().mT for s in state), None, False).output
    assert torch.equal(plain, again)


@pytest.mark.parametrize("lengths", [None, torch.tensor([6, 0, 3, 5])])
def test_without_gradients_nothing_is_kept_and_the_result_is_the_same(lengths: Tensor | None) -> None:
    weights, x, state = drawn32()
    kept = fused.run(
        load_cell("lstm"), {n: w.clone().requires_grad_() for n, w in weights.items()}, x, state, lengths, True
    )
    with torch.no_grad():
        for trace in (True, False):
            free = fused.run(load_cell("lstm"), weights, x, state, lengths, trace)
            assert torch.equal(free.output, kept.output)
            assert all(torch.equal(a, b) for a, b in zip(free.state, kept.state, strict=True))
    assert free.output.grad_fn is None


def test_only_the_final_state_may_be_used() -> None:
    cell, (weights, x, state) = load_cell("lstm"), draw(load_cell("lstm"), *SHAPE)
    found = []
    for backend in (fused, reference):
        own = {n: w.clone().requires_grad_() for n, w in weights.items()}
        torch.autograd.backward(backend.run(cell, own, x, state, None, False).state[1].sum())
        found.append(torch.cat([w.grad.flatten() for w in own.values() if w.grad is not None]))
    torch.testing.assert_close(*found)


def test_a_second_derivative_is_refused() -> None:
    weights, x, state = drawn32()
    x.requires_grad_()
    output = fused.run(load_cell("lstm"), weights, x, state, None, False).output
    with pytest.raises(Refusal, match="no second derivative"):
        torch.autograd.grad(output.sum(), x, create_graph=True)


def test_a_gradient_through_a_traced_gate_is_refused() -> None:
    weights, x, state = drawn32()
    x.requires_grad_()
    gates = fused.run(load_cell("lstm"), weights, x, state, None, True).gates
    with pytest.raises(Refusal, match="no gradient through traced gates"):
        torch.autograd.backward(gates["f"].sum())


def test_a_weight_changed_before_the_backward_pass_is_noticed() -> None:
    weights, x, state = drawn32()
    weights = {n: w.requires_grad_() for n, w in weights.items()}
    output = fused.run(load_cell("lstm"), weights, x, state, None, False).output
    with torch.no_grad():
        weights["R.i"].add_(1.0)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        torch.autograd.backward(output.sum())


def test_mixed_dtypes_are_refused() -> None:
    weights, x, state = drawn32()
    with pytest.raises(Refusal, match="fused needs one dtype"):
        fused.run(load_cell("lstm"), weights, x.double(), state, None, False)


def test_a_nan_goes_through() -> None:
    weights, x, state = drawn32()
    x[2, 1, 0] = float("nan")
    output = fused.run(load_cell("lstm"), weights, x, state, None, False).output
    assert output[2:, 1].isnan().all()
    assert not output[:, [0, 2, 3]].isnan().any()


def test_autocast_alone_does_not_round_its_products() -> None:
    weights, x, state = drawn32()
    plain = fused.run(load_cell("lstm"), weights, x, state, None, False).output
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(plain, fused.run(load_cell("lstm"), weights, x, state, None, False).output)


@pytest.mark.parametrize("name", ["lstm", "gru_before", "lstm_peephole", "mingru"])
@pytest.mark.parametrize("B", [13, 3])
def test_bit_for_bit_the_same_again_and_for_any_number_of_threads(
    name: str, B: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gatebench.backends.fused.compiled_cell._SERIAL_OPERATIONS", 0)
    drawn, before = draw(load_cell(name), 20, B, 3, 35), torch.get_num_threads()
    found: list[dict[str, Tensor]] = []
    try:
        for threads in (1, 2, 5, 2):
            torch.set_num_threads(threads)
            found.append(results(fused, load_cell(name), drawn, torch.float32))
    finally:
        torch.set_num_threads(before)
    for other in found[1:]:
        assert all(torch.equal(value, other[key]) for key, value in found[0].items())


def trained() -> float:
    """Return a number that a forward and a backward pass give; small enough for torch itself to use one thread."""
    torch.manual_seed(0)
    layer = Recurrent(load_cell("lstm"), 8, 64, backend="fused")
    torch.autograd.backward(layer(torch.ones(5, 16, 8))[0].sum())
    gradient = layer.gate_parameters(0)["R.f"].grad
    assert gradient is not None
    return float(gradient.sum())


def _send(end: Any) -> None:
    end.send(trained())


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_child_process_computes_the_same(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gatebench.backends.fused.compiled_cell._SERIAL_OPERATIONS", 0)
    context = multiprocessing.get_context(method)
    here, (receiving, sending) = trained(), context.Pipe(duplex=False)
    child = context.Process(target=_send, args=(sending,), daemon=True)  # type: ignore[attr-defined]
    child.start()
    try:
        assert receiving.poll(100)
        assert receiving.recv() == here
    finally:
        child.kill()


def test_what_it_refuses() -> None:
    cell = load_cell("lstm")
    assert fused.refuses(cell, Workload(5, 3, 2, 4)) is None
    for work, reason in (
        (Workload(5, 3, 2, 4, device="cuda"), "not on cuda"),
        (Workload(5, 3, 2, 4, dtype="bfloat16"), "not bfloat16"),
        (Workload(5, 0, 2, 4), "at least one step and one sequence"),
    ):
        assert reason in (fused.refuses(cell, work) or "")


def test_lengths_may_change_before_the_backward_pass() -> None:
    weights, x, state = draw(load_cell("lstm"), *SHAPE)
    lengths = torch.full((SHAPE[1],), SHAPE[0])
    found = []
    for later in (SHAPE[0], 1):
        output = fused.run(load_cell("lstm"), weights, x.requires_grad_(), state, lengths, False).output
        lengths.fill_(later)
        found.append(torch.autograd.grad(output.sum(), x)[0])
    assert torch.equal(*found)


@pytest.mark.parametrize("name", ["lstm", "gru_before", "mut1"])
@pytest.mark.parametrize("trace", [True, False])
def test_what_is_too_much_for_the_caches_is_the_same(name: str, trace: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = draw(load_cell(name), 9, 4, 3, 20)
    near = results(fused, load_cell(name), drawn, torch.float32, trace=trace)
    monkeypatch.setattr("gatebench.backends.fused.compiled_cell._NON_TEMPORAL_BYTES", 0)
    far = results(fused, load_cell(name), drawn, torch.float32, trace=trace)
    assert all(torch.equal(value, far[key]) for key, value in near.items())
