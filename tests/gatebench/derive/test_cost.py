"""Costs, compared with published formulas, with torch's FLOP counter, and with the operations of a run."""

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from gatebench import Cell, Recurrent, cell_names, load_cell
from gatebench.backends.reference import OPERATIONS
from gatebench.derive.cost import (
    POINTWISE,
    dependent_products,
    depends_on_past,
    parameters,
    pointwise_flops,
    product_flops,
    shapes,
)
from gatebench.spec.dated import now
from tests.gatebench.nn.layers import build, inputs

M, N = 7, 5
"""Input size and hidden size, in the letters of the papers."""

V = 4 * (N * M + N * N + N) + 3 * N
GREFF = {
    "lstm_peephole": V,
    "lstm_nig": 3 * (N * M + N * N + N) + 2 * N,
    "lstm_nfg": 3 * (N * M + N * N + N) + 2 * N,
    "lstm_nog": 3 * (N * M + N * N + N) + 2 * N,
    "lstm_niaf": V,
    "lstm_noaf": V,
    "lstm_cifg": 3 * (N * M + N * N + N) + 2 * N,
    "lstm_np": 4 * (N * M + N * N + N),
    "lstm_fgr": V + 9 * N * N,
}
ROW = N * M + N * N + N
PUBLISHED = GREFF | {
    "rnn_tanh": ROW,
    "indrnn": N * M + 2 * N,
    "lstm": 4 * ROW,
    "lstm_no_forget": 3 * ROW,
    "gru": 3 * ROW + N,  # the second bias of the candidate
    "gru_before": 3 * ROW,
    # Dey & Salem 2017: each gate saves N M (GRU1), N M + N (GRU2), N M + N² (GRU3).
    "gru1": 3 * ROW - 2 * N * M,
    "gru2": 3 * ROW - 2 * (N * M + N),
    "gru3": 3 * ROW - 2 * (N * M + N * N),
    "mgu": 2 * ROW,
    "mgu1": 2 * ROW - N * M,
    "mgu2": 2 * ROW - N * M - N,
    "mgu3": 2 * ROW - N * M - N * N,
    "ugrnn": 2 * ROW,
    "janet": 2 * ROW,
    "ligru": 2 * ROW,
    "mingru": 2 * (N * M + N),
    "minlstm": 3 * (N * M + N),
    "slstm": 4 * ROW,
    "lstm_attention_input": 4 * ROW + M * M + M * N + M,
}


@pytest.mark.parametrize(("name", "count"), PUBLISHED.items())
def test_the_number_of_parameters_is_the_published_one(name: str, count: int) -> None:
    assert parameters(load_cell(name), M, N) == count


@pytest.mark.parametrize("cell", cell_names())
def test_parameters_are_those_of_the_layer(cell: str) -> None:
    layer = build(cell)
    sizes = layer.input_size, layer.hidden_size
    assert parameters(layer.cell, *sizes) == sum(weight.numel() for weight in layer.parameters())
    expected = {name: tuple(weight.shape) for name, weight in layer.gate_parameters(0).items()}
    assert shapes(layer.cell, *sizes) == expected


def flops(layer: Recurrent, T: int, B: int) -> int:
    with FlopCounterMode(display=False) as counter:
        layer(inputs(layer, T=T, B=B))
    return int(counter.get_total_flops())


@pytest.mark.parametrize("cell", cell_names())
def test_products_are_those_that_torch_counts(cell: str) -> None:
    layer = build(cell)
    T, B = 4, 3
    assert flops(layer, T, B) == T * B * product_flops(layer.cell, layer.input_size, layer.hidden_size)


class Elements(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the elements of the results of elementwise operations."""

    NAMES = {name: name for name in POINTWISE} | {"hard_sigmoid": "hardsigmoid", "log_sigmoid": "log_sigmoid_forward"}

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.count = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        result = func(*args, **(kwargs or {}))
        name = func._schema.name.removeprefix("aten::")
        if name in (*self.NAMES.values(), "rsub", "reciprocal"):
            self.count += (result[0] if isinstance(result, tuple) else result).numel()
        return result


@pytest.mark.parametrize("cell", cell_names())
def test_pointwise_operations_are_those_that_run(cell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    layer = build(cell)
    T, B = 4, 3
    monkeypatch.setitem(OPERATIONS, "hard_sigmoid", torch.nn.functional.hardsigmoid)  # one function, as it is counted
    with Elements() as elements, torch.no_grad():
        layer(inputs(layer, T=T, B=B))
    counted = T * B * pointwise_flops(layer.cell, layer.input_size, layer.hidden_size)
    if cell in ("gru3", "mgu3"):  # their gates are learnt constants, computed once for all steps and sequences
        assert elements.count < counted
    else:
        assert elements.count == counted


DEPENDENT = {
    0: ["mingru", "mingru_log", "minlstm", "indrnn"],
    1: ["lstm", "lstm_peephole", "lstm_fgr", "gru", "gru3", "rnn_tanh", "ugrnn", "janet", "ligru", "slstm", "mgu3"],
    2: ["gru_before", "gru1", "gru2", "mgu", "mgu1", "mgu2", "mut1", "mut2", "mut3", "lstm_attention_input"],
}


@pytest.mark.parametrize(("count", "name"), [(count, name) for count, names in DEPENDENT.items() for name in names])
def test_dependent_products(count: int, name: str) -> None:
    assert dependent_products(load_cell(name)) == count


def test_a_fixed_reset_gate_leaves_one_dependent_product() -> None:
    assert dependent_products(load_cell("gru_before").fix("r", 1)) == 1
    assert dependent_products(load_cell("gru_before").connect("r", recurrent=None)) == 1, "r comes from x alone"


def test_depends_on_past() -> None:
    formulas = load_cell("mingru").definitions
    assert not depends_on_past(formulas.formulas[now("z")], formulas)
    assert depends_on_past(formulas.formulas[now("h")], formulas)


@pytest.mark.parametrize(
    ("base", "ablated", "gate"),
    [("lstm_peephole", load_cell("lstm_peephole").fix(gate, 1), gate) for gate in "ifo"]
    + [("lstm_peephole", load_cell("lstm_cifg"), "f"), ("gru", load_cell("gru").fix("r", 1), "r")]
    + [("lstm_fgr", load_cell("lstm_fgr").fix("f", 1), "f"), ("janet", load_cell("janet").fix("s", 1), "s")],
)
def test_an_ablated_gate_has_no_cost(base: str, ablated: Cell, gate: str) -> None:
    """It has no parameter and no FLOP, and the trace does not contain it."""
    whole, layer = build(base), build(ablated)
    names = set(layer.gate_parameters(0))
    assert not [each for each in names if gate in each.split(".")[1:]]
    gone = {each: shape for each, shape in shapes(whole.cell, 3, 2).items() if each not in names}
    assert {each for each in gone if each in (f"W.{gate}", f"R.{gate}")}
    numbers = sum(torch.Size(shape).numel() for shape in gone.values())
    assert sum(w.numel() for w in whole.parameters()) - sum(w.numel() for w in layer.parameters()) == numbers
    matrices = sum(2 * torch.Size(shape).numel() for shape in gone.values() if len(shape) == 2)
    assert flops(whole, 1, 1) - flops(layer, 1, 1) == matrices
    traced = layer.trace(inputs(layer), backend="reference")[2][0]
    assert (gate in traced) == (base == "lstm_peephole" and ablated.gates[gate].constant is None)
