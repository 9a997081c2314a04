"""Dropout with one mask for each sequence or batch, against steps that are computed by hand."""

from typing import Any

import pytest
import torch
from torch import Tensor

from gatebench import Recurrent, load_cell
from gatebench.backends.contract import Workload
from gatebench.backends.registry import BACKENDS
from gatebench.errors import Refusal, UserError
from gatebench.nn.batch_draws import BatchDraws, BatchShare
from gatebench.nn.sequence_dropout import MASK, SequenceDropout, dropped_weights, masked_cell
from tests.gatebench.nn.layers import build, inputs, parts

SHARE = BatchShare(5, 3)


def drawn(seed: int = 0) -> BatchDraws:
    draws = BatchDraws(seed)
    draws.begin(SHARE)
    return draws


def layer(cell: str, dropout: SequenceDropout, **settings: Any) -> Recurrent:
    return build(cell, sequence_dropout=dropout, draws=drawn(), **settings)


def lstm_by_hand(weights: dict[str, Tensor], x: Tensor, mask: Tensor) -> Tensor:
    """Return the output of an LSTM with a mask (B, H) on h[t-1] in all gates."""
    h = c = torch.zeros(x.shape[1], 2, dtype=x.dtype)
    outputs = []
    for step in x:
        pre = {g: step @ weights[f"W.{g}"].T + weights[f"b.{g}"] + (mask * h) @ weights[f"R.{g}"].T for g in "ifgo"}
        c = torch.sigmoid(pre["f"]) * c + torch.sigmoid(pre["i"]) * torch.tanh(pre["g"])
        h = torch.sigmoid(pre["o"]) * torch.tanh(c)
        outputs.append(h)
    return torch.stack(outputs)


def gru_by_hand(weights: dict[str, Tensor], x: Tensor, mask: Tensor) -> Tensor:
    """Return the output of a GRU (r before the product) with a mask (B, H) before each recurrent matrix."""
    h = torch.zeros(x.shape[1], 2, dtype=x.dtype)
    outputs = []
    for step in x:
        inner = {g: step @ weights[f"W.{g}"].T + weights[f"b.{g}"] for g in load_cell("gru").gates}
        r, z = (torch.sigmoid(inner[g] + (mask * h) @ weights[f"R.{g}"].T) for g in "rz")
        candidate = torch.tanh(inner["n"] + (mask * r * h) @ weights["R.n"].T)
        h = (1 - z) * candidate + z * h
        outputs.append(h)
    return torch.stack(outputs)


def test_recurrent_dropout_of_an_lstm() -> None:
    dropped = layer("lstm", SequenceDropout(recurrent=0.5))
    x = inputs(dropped)
    mask = drawn().example_mask(x, 2, 0.5)
    assert set(torch.unique(mask).tolist()) == {0.0, 2.0}
    output, state = dropped(x)
    torch.testing.assert_close(output, lstm_by_hand(dropped.gate_parameters(0), x, mask))
    assert len(state) == 2


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("cell", ["lstm", "gru", "lstm_peephole", "lstm_fgr", "mut3"])
def test_every_backend_has_the_output_and_the_gradient_of_the_reference(cell: str, backend: str) -> None:
    """`native`, `scan` and `triton` refuse. The masks differ between sequences, and are those of the reference."""
    found = []
    work = Workload(5, 3, 3, 2, "float64")
    if BACKENDS[backend].refuses(masked_cell(load_cell(cell)), work) is not None:
        with pytest.raises(Refusal):
            layer(cell, SequenceDropout(recurrent=0.3), backend=backend)(torch.zeros(5, 3, 3, dtype=torch.float64))
        assert backend in ("native", "scan", "triton")
        return
    for name in ("reference", backend):
        dropped = layer(cell, SequenceDropout(0.2, 0.3, 0.4), backend=name, num_layers=2, bidirectional=True)
        x = inputs(dropped).requires_grad_()
        output, state = dropped(x, lengths=torch.tensor([5, 2, 4]))
        assert dropped.backends_used == (name,)
        loss = output.square().sum() + sum(part.sum() for part in parts(state))
        found.append([output, *parts(state), *torch.autograd.grad(loss, [x, *dropped.parameters()])])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-9)


def test_auto_takes_a_backend_that_can() -> None:
    dropped = layer("lstm", SequenceDropout(recurrent=0.3), backend="auto", dtype=torch.float32)
    x = inputs(dropped)
    dropped(x)
    (chosen,) = dropped.backends_used
    assert BACKENDS[chosen].refuses_cell(masked_cell(dropped.cell)) is None


@pytest.mark.parametrize("dropout", [SequenceDropout(inputs=0.5), SequenceDropout(weights=0.5)])
def test_native_computes_the_other_two(dropout: SequenceDropout) -> None:
    native, reference = (layer("lstm", dropout, backend=name) for name in ("native", "reference"))
    x = inputs(native)
    torch.testing.assert_close(native(x)[0], reference(x)[0])
    plain = build("lstm")
    assert not torch.allclose(plain(x)[0], native(x)[0])


def test_weight_drop_masks_the_recurrent_weights_once() -> None:
    dropped = layer("lstm", SequenceDropout(weights=0.5))
    x = inputs(dropped)
    weights = dropped_weights(dropped.gate_parameters(0), drawn(), 0.5)
    for name, weight in dropped.gate_parameters(0).items():
        kept = weights[name] == weight * 2
        assert torch.equal(weights[name], weight) if name[0] != "R" else bool((kept | (weights[name] == 0)).all())
    ones = torch.ones(3, 2, dtype=torch.float64)
    torch.testing.assert_close(dropped(x)[0], lstm_by_hand(weights, x, ones))


def test_variational_dropout_of_the_input_of_each_layer() -> None:
    dropped = layer("lstm", SequenceDropout(inputs=0.5), num_layers=2)
    x = inputs(dropped)
    draws, ones = drawn(), torch.ones(3, 2, dtype=torch.float64)
    first, second = draws.example_mask(x, 3, 0.5), draws.example_mask(x, 2, 0.5)
    middle = lstm_by_hand(dropped.gate_parameters(0), x * first, ones)
    torch.testing.assert_close(dropped(x)[0], lstm_by_hand(dropped.gate_parameters(1), middle * second, ones))


@pytest.mark.parametrize("cell", ["lstm", "gru", "lstm_fgr"])
def test_evaluation_has_no_dropout(cell: str) -> None:
    dropped, plain = layer(cell, SequenceDropout(0.5, 0.5, 0.5)).eval(), build(cell)
    x = inputs(plain)
    for one, other in zip((dropped(x)[0], *parts(dropped(x)[1])), (plain(x)[0], *parts(plain(x)[1])), strict=True):
        assert torch.equal(one, other)


def test_a_masked_cell_has_the_weights_of_the_cell() -> None:
    cell = load_cell("gru")
    masked = masked_cell(cell)
    assert masked.parameters == cell.parameters
    assert masked.memory == ("h", MASK)
    assert masked_cell(load_cell("lstm_fgr")).memory[:3] == ("h", "c", MASK)


def test_the_gates_of_a_masked_cell_are_traced() -> None:
    dropped = layer("lstm", SequenceDropout(recurrent=0.5))
    *_, gates = dropped.forward_with_gates(inputs(dropped))
    assert gates[0].keys() == {"i", "f", "g", "o"}


@pytest.mark.parametrize("dropout", [SequenceDropout(recurrent=0.5), SequenceDropout(weights=0.5)])
def test_a_cell_without_recurrent_weights_is_refused(dropout: SequenceDropout) -> None:
    with pytest.raises(
        Refusal, match=r"^mingru has no recurrent weights, so it has no .*; set its probability to 0\.$"
    ):
        layer("mingru", dropout)


def test_a_wrong_probability_is_refused() -> None:
    with pytest.raises(UserError, match=r"inputs is 1\.0; it must be at least 0 and less than 1"):
        SequenceDropout(inputs=1.0)
