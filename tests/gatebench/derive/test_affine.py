"""Which cells can run as parallel scans, and whether the scan gives the same states as the loop."""

import pytest
import torch
from torch import Tensor

from gatebench import Cell, cell_names, load_cell
from gatebench.backends.reference import OPERATIONS
from gatebench.derive.affine import NotAffine, scan_coefficients, scannable
from gatebench.spec.expression import Expr, lift, name
from tests.gatebench.nn.layers import build, inputs, parts, start

SCANS = {"mingru", "mingru_log", "minlstm"}

MORE = {
    "a diagonal and linear network": load_cell("rnn_tanh").activate("n", "identity").connect("n", matrix="diagonal"),
    "quasi-recurrent": load_cell("lstm")
    .connect("i", recurrent=None)
    .connect("f", recurrent=None)
    .connect("g", recurrent=None)
    .connect("o", recurrent=None),
    "a leaky sum": load_cell("gru").connect("n", recurrent=None).fix("z", 0.9),
    "no past at all": load_cell("gru_no_update").connect("n", recurrent=None),
}


def test_cells_that_can_run_as_scans() -> None:
    assert {cell for cell in cell_names() if scannable(load_cell(cell))} == SCANS


def value(node: Expr, values: dict[str, Tensor]) -> Tensor:
    """Return the value of a coefficient for all T steps at once; it must not read any state."""
    match node.op:
        case "const":
            return torch.tensor(node.args[0], dtype=torch.float64)
        case "name" | "param":
            return values[node.args[0]]
        case "matmul":
            return value(node.args[1], values) @ values[node.args[0]].mT
    operands = [value(operand, values) for operand in node.operands]
    return OPERATIONS[node.op](*operands)


@pytest.mark.parametrize("cell", [*map(load_cell, sorted(SCANS)), *MORE.values()], ids=[*sorted(SCANS), *MORE])
def test_the_scan_gives_the_states_of_the_loop(cell: Cell) -> None:
    layer = build(cell)
    x, state = inputs(layer), start(layer)
    values: dict[str, Tensor] = {**layer.gate_parameters(0), "x[t]": x}
    _, final = layer(x, state if len(state) > 1 else state[0])
    for carried, affine in scan_coefficients(cell.definitions).items():
        which = cell.memory.index(carried)
        shape = (len(x), *state[which].shape[1:])
        factor, offset = (value(part, values).expand(shape) for part in (affine.factor, affine.offset))
        s = state[which][0]
        for a, b in zip(factor, offset, strict=True):
            s = a * s + b
        torch.testing.assert_close(s, parts(final)[which][0], rtol=1e-12, atol=1e-12)
        # the same in one expression: Σ_t (Π_{s > t} a_s) b_t + (Π_s a_s) s_0
        unrolled = factor.prod(0) * state[which][0]
        for t in range(len(x)):
            unrolled = unrolled + factor[t + 1 :].prod(0) * offset[t]
        torch.testing.assert_close(unrolled, s, rtol=1e-12, atol=1e-12)


def test_only_states_that_are_read_again_have_coefficients() -> None:
    assert set(scan_coefficients(MORE["quasi-recurrent"].definitions)) == {"c"}, "h is the output alone"
    assert scan_coefficients(MORE["no past at all"].definitions) == {}


def test_coefficients_by_hand() -> None:
    cell = Cell("mine", "a test", ("h",), {}, ((name("h") - name("x")) / 4 * 2 - -name("h"),))
    affine = scan_coefficients(cell.definitions)["h"]
    values = {"x[t]": torch.tensor(3.0, dtype=torch.float64)}
    assert value(affine.factor, values).item() == 1.5
    assert value(affine.offset, values).item() == -1.5
    assert scan_coefficients(Cell("k", "a test", ("h",), {}, (name("h") * 1,)).definitions)["h"].factor == lift(1)


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        (load_cell("lstm"), r"R.o multiplies h\[t-1\]"),
        (load_cell("indrnn"), "relu of a state"),
        (Cell("mine", "a test", ("h",), {}, (name("h") * name("h"),)), "mul of a state"),
        (Cell("mine", "a test", ("h",), {}, (name("x") / name("h"),)), "div of a state"),
        (Cell("mine", "a test", ("h", "k"), {}, (name("k") * 2, name("h") + name("x"))), r"h needs k\[t-1\]"),
        (load_cell("slstm"), "multiplies"),
    ],
)
def test_the_error_names_the_operation_that_prevents_a_scan(cell: Cell, why: str) -> None:
    with pytest.raises(NotAffine, match=why):
        scan_coefficients(cell.definitions)
    assert not scannable(cell)
