"""The kernels of torch: the cells that they compute and refuse. contracts/test_cells.py compares the results."""

from dataclasses import replace

import pytest
import torch

from gatebench import Cell, load_cell
from gatebench.backends.contract import Workload
from gatebench.backends.native import KERNELS, kernel, refuses, stacked, unstacked
from gatebench.backends.selective import torch_cell
from tests.gatebench.nn.layers import build, inputs
from tests.pretend_device import Pretended, moved, pretended_gpu

WORK = Workload(5, 3, 4, 2)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("lstm", "lstm"),
        ("lstm_np", "lstm"),
        ("lstm_chrono", "lstm"),
        ("irnn", "rnn_relu"),
        ("gru", "gru"),
        ("gru_before", None),
    ],
)
def test_a_kernel_is_found_by_equations_and_not_by_name(name: str, expected: str | None) -> None:
    cell = load_cell(name)
    assert torch_cell(cell.definitions) == expected
    assert kernel(cell) is (KERNELS[expected] if expected else None)
    assert kernel(replace(cell, name="other")) is kernel(cell)


def test_a_cell_with_another_output_has_no_kernel() -> None:
    lstm = load_cell("lstm")
    turned = Cell("turned", "a test", ("c", "h"), lstm.gates, tuple(reversed(lstm.update_formulas)))
    assert turned.definitions.formulas == lstm.definitions.formulas
    assert kernel(turned) is None


def test_an_lstm_with_attention_fixed_at_1_has_the_kernel_of_the_lstm() -> None:
    assert kernel(load_cell("lstm_attention_input").fix("a", 1)) is KERNELS["lstm"]


@pytest.mark.parametrize(
    ("name", "work", "sentence"),
    [
        ("lstm", WORK, None),
        ("gru_before", WORK, "native runs exactly lstm, gru, rnn_tanh, rnn_relu; gru_before has other equations."),
        ("lstm", replace(WORK, trace=True), "native does not return gates, so it cannot trace them."),
        ("lstm", replace(WORK, dtype="bfloat16"), "native runs float32 and float64 here, not bfloat16."),
        ("lstm", replace(WORK, B=0), "native needs at least one step and one sequence."),
        ("lstm", replace(WORK, shortest=0), "native cannot run a sequence of length 0."),
        ("lstm", replace(WORK, shortest=1), None),
    ],
)
def test_refusals(name: str, work: Workload, sentence: str | None) -> None:
    assert refuses(load_cell(name), work) == sentence


@pytest.mark.parametrize("name", KERNELS)
def test_unstacked_is_the_inverse_of_stacked(name: str) -> None:
    weights = build(name).gate_parameters(0)
    flat = stacked(KERNELS[name], weights)
    G = len(KERNELS[name].order)
    assert [tuple(each.shape) for each in flat] == [(G * 2, 3), (G * 2, 2), (G * 2,), (G * 2,)]
    back = unstacked(KERNELS[name], flat)
    assert back.keys() == weights.keys()
    assert all(torch.equal(back[each], weight) for each, weight in weights.items())


@pytest.mark.parametrize("name", ["lstm", "gru", "rnn_tanh"])
def test_sequences_of_different_lengths_do_not_wait_for_a_gpu(name: str) -> None:
    layer, other = (build(name, backend="native") for _ in range(2))
    x, lengths = inputs(layer), torch.tensor([2, 5, 1])
    wanted, _ = layer(x, lengths=lengths)
    wanted.sum().backward()
    moved(other)
    with pretended_gpu() as waits:
        found, _ = other(Pretended(x), lengths=lengths)
        found.sum().backward()
        assert waits == []
        assert isinstance(found, Pretended)
        assert torch.equal(found.held, wanted)
