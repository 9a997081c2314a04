"""The reference implementation. contracts/test_cells.py compares its results with independent implementations."""

import pytest
import torch
from torch import Tensor

from gatebench import Cell, Gate, load_cell
from gatebench.backends.contract import Workload
from gatebench.backends.reference import OPERATIONS, refuses, run
from gatebench.derive.tape import tape
from gatebench.spec.expression import FUNCTIONS, Expr, lift, name, simplify
from tests.gatebench.nn.layers import build, inputs


def weights(cell: Cell, I: int = 2, H: int = 2) -> dict[str, Tensor]:  # noqa: E741
    size = {"I": I, "H": H}
    torch.manual_seed(0)
    return {
        each: torch.randn([size[axis] for axis in axes], dtype=torch.float64) for each, axes in cell.parameters.items()
    }


def test_it_refuses_nothing() -> None:
    assert refuses(load_cell("slstm"), Workload(0, 0, 1, 1, "bfloat16", trace=True)) is None


def test_every_operation_has_the_value_that_constant_folding_computes() -> None:
    assert set(OPERATIONS) == {"add", "sub", "mul", "div", "neg", *FUNCTIONS}
    for op, function in OPERATIONS.items():
        two = op in ("add", "sub", "mul", "div", "maximum")
        for one, other in ((0.7, -1.3), (2.5, 0.4), (-0.0, 3.5)):
            if op == "log" and one <= 0:
                continue
            operands = (one, other) if two else (one,)
            ours = function(*(torch.tensor(value, dtype=torch.float64) for value in operands))
            folded = simplify(Expr(op, tuple(map(lift, operands)))).value
            assert ours.item() == pytest.approx(folded, rel=1e-14, abs=1e-14), op


def test_the_slope_of_hard_sigmoid_is_a_sixth_to_the_last_bit() -> None:
    a = torch.tensor([-4.0, 0.3, 4.0], dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(OPERATIONS["hard_sigmoid"](a).sum(), a)
    assert slope.tolist() == [0.0, 1 / 6, 0.0]


@pytest.mark.parametrize(
    "tie", ["maximum(i, 0.5)", "maximum(0.5, i)", "1 / (1 + i)", "2 - i", "0.5 * i", "-i", "1 + i"]
)
def test_operations_take_numbers_and_tensors(tie: str) -> None:
    layer = build(load_cell("lstm").tie("f", tie))
    x = inputs(layer)
    _, _, gates = layer.trace(x, backend="reference")
    i = gates[0]["i"]
    expected = eval(tie, {"i": i, "maximum": lambda a, b: torch.clamp(i, min=0.5)})
    torch.testing.assert_close(gates[0]["f"], expected)
    layer(x)[0].sum().backward()


def test_values_that_do_not_depend_on_the_step_or_the_sequence_have_their_full_shape() -> None:
    """A gate that is a weight only, a state that is a number, a state that is the input."""
    gates = {"i": Gate("sigmoid", inputs=None, recurrent=None), "n": Gate("tanh")}
    update = (name("n") * name("i"), lift(2.0), name("i") * 1, name("n"))
    cell = Cell("mine", "a test", ("h", "k", "l", "m"), gates, update)
    x = torch.randn(4, 3, 2, dtype=torch.float64)
    state = tuple(torch.zeros(3, 2, dtype=torch.float64) for _ in cell.memory)
    for lengths in (None, torch.tensor([4, 0, 2])):
        found = run(cell, weights(cell), x, state, lengths, True)
        assert found.output.shape == (4, 3, 2)
        assert [part.shape for part in found.state] == [(3, 2)] * 4
        assert {gate: values.shape for gate, values in found.gates.items()} == {"i": (4, 3, 2), "n": (4, 3, 2)}
        alive = torch.tensor([True, lengths is None, True])
        assert (found.state[1][alive] == 2).all()


def test_without_a_trace_there_are_no_gates() -> None:
    cell = load_cell("gru")
    state = (torch.zeros(3, 2, dtype=torch.float64),)
    assert run(cell, weights(cell), torch.zeros(4, 3, 2, dtype=torch.float64), state, None, False).gates == {}


def test_products_of_the_input_run_once_for_all_steps() -> None:
    cell = load_cell("lstm")
    program = tape(cell.definitions)
    assert [i.weights for i in program.hoisted if i.op == "matmul"] == [("W.i", "W.f", "W.g", "W.o")]
    assert [i.weights for i in program.looped if i.op == "matmul"] == [("R.i", "R.f", "R.g", "R.o")]


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("cell", ["lstm_peephole", "slstm", "minlstm"])
def test_it_runs_in_half_precision(cell: str, dtype: torch.dtype) -> None:
    layer = build(cell).to(dtype)
    output, _ = layer(inputs(layer))
    assert output.dtype == dtype
    assert output.isfinite().all()
