"""The printed equations: they are read back, computed, and compared with the reference backend."""

import re
from typing import Any

import numpy as np
import pytest
import torch
from matplotlib.mathtext import MathTextParser

from gatebench import Cell, Gate, cell_names, load_cell
from gatebench.derive.equations import _LATEX, latex, plain_text
from gatebench.spec.expression import FUNCTIONS as FUNCTION_NAMES
from gatebench.spec.expression import Expr, lift, maximum, name, tanh
from tests.gatebench.nn.layers import build, inputs, parts, start


class Matrix:
    """A weight of the printed text: W ** x is the product, as ** binds tighter than *, like standing side by side."""

    def __init__(self, weight: Any) -> None:
        self.weight = weight

    def __pow__(self, operand: Any) -> Any:
        return operand @ self.weight.T


def sigmoid(a: Any) -> Any:
    return 1 / (1 + np.exp(-a))


FUNCTIONS = {
    "sigmoid": sigmoid,
    "log_sigmoid": lambda a: np.log(sigmoid(a)),
    "tanh": np.tanh,
    "relu": lambda a: np.maximum(a, 0),
    "hard_sigmoid": lambda a: np.clip(a / 6 + 0.5, 0, 1),
    "exp": np.exp,
    "max": np.maximum,
}


def computed(text: str, values: dict[str, Any]) -> dict[str, Any]:
    """Compute printed equations line by line; every left side becomes a value for the lines below."""
    values = {**FUNCTIONS, **values}
    for line in text.splitlines():
        left, right = (identifiers(side) for side in line.split(" = "))
        right = re.sub(r"\b([WR]_\w+) (?![⊙+\-/)])", r"\1 ** ", right).replace("⊙", "*")
        values[left] = eval(right, {"__builtins__": {}}, values)
    return values


def identifiers(text: str) -> str:
    """Spell names in time and functions as Python does: c[t-1] → c_old, c[t] → c_new, σ → sigmoid."""
    return text.replace("[t-1]", "_old").replace("[t]", "_new").replace("log σ", "log_sigmoid").replace("σ", "sigmoid")


@pytest.mark.parametrize("cell", cell_names())
def test_the_printed_equations_compute_what_the_reference_computes(cell: str) -> None:
    layer = build(cell)
    x, state = inputs(layer, T=1), start(layer)
    _, final, gates = layer.trace(x, state, backend="reference")
    weights = {each.replace(".", "_"): weight.detach().numpy() for each, weight in layer.gate_parameters(0).items()}
    values: dict[str, Any] = {each: Matrix(value) if value.ndim == 2 else value for each, value in weights.items()}
    values |= {f"{m}_old": part[0].numpy() for m, part in zip(layer.cell.memory, state, strict=True)}
    found = computed(plain_text(layer.cell), values | {"x_new": x[0].numpy()})
    for m, part in zip(layer.cell.memory, parts(final), strict=True):
        np.testing.assert_allclose(found[f"{m}_new"], part[0].detach().numpy(), rtol=1e-12, atol=1e-12)
    for gate, traced in gates[0].items():
        expected = traced[0].detach().numpy()
        np.testing.assert_allclose(
            np.broadcast_to(found[f"{gate}_new"], expected.shape), expected, rtol=1e-12, atol=1e-12
        )


def test_plain_text_by_example() -> None:
    assert plain_text(load_cell("lstm_nig")).splitlines() == [
        "i = 1",
        "f[t] = σ(W_f x[t] + b_f + R_f h[t-1] + p_f ⊙ c[t-1])",
        "g[t] = tanh(W_g x[t] + b_g + R_g h[t-1])",
        "c[t] = f[t] ⊙ c[t-1] + g[t]",
        "o[t] = σ(W_o x[t] + b_o + R_o h[t-1] + p_o ⊙ c[t])",
        "h[t] = o[t] ⊙ tanh(c[t])",
    ]


def test_latex_by_example() -> None:
    assert latex(load_cell("gru").fix("z", 0.25).activate("r", "relu")).splitlines() == [
        "\\begin{aligned}",
        "z &= 0.25 \\\\",
        "r_{t} &= \\operatorname{relu}\\left(W_{r} x_{t} + b_{r} + R_{r} h_{t-1}\\right) \\\\",
        "n_{t} &= \\tanh\\left(W_{n} x_{t} + b_{n} + r_{t} \\odot \\left(R_{n} h_{t-1} + d_{n}\\right)\\right) \\\\",
        "h_{t} &= 0.75 \\odot n_{t} + 0.25 \\odot h_{t-1}",
        "\\end{aligned}",
    ]
    assert "\\mathrm{i\\_prime}_{t}" in latex(load_cell("slstm"))
    assert "R_{i f}" in latex(load_cell("lstm_fgr"))


@pytest.mark.parametrize("cell", cell_names())
def test_latex_is_well_formed(cell: str) -> None:
    parser = MathTextParser("path")
    first, *lines, last = latex(load_cell(cell)).splitlines()
    assert (first, last) == ("\\begin{aligned}", "\\end{aligned}")
    assert len(lines) == len(plain_text(load_cell(cell)).splitlines())
    for line in lines:
        left, right = line.removesuffix(" \\\\").split(" &= ")
        parser.parse(f"${left} = {right}$")


a, b, c = name("n"), name("i"), name("h")


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        (a - (b - c), "n[t] - (i[t] - h[t-1])"),
        (a - b - c, "n[t] - i[t] - h[t-1]"),
        (a + (b - c), "n[t] + i[t] - h[t-1]"),
        ((a + b) * c, "(n[t] + i[t]) ⊙ h[t-1]"),
        (a * b + c, "n[t] ⊙ i[t] + h[t-1]"),
        (a / (b * c), "n[t] / (i[t] ⊙ h[t-1])"),
        (a / b / c, "n[t] / i[t] / h[t-1]"),
        (a * (b / c), "n[t] ⊙ i[t] / h[t-1]"),
        (-a * b, "(-n[t]) ⊙ i[t]"),
        (-(a * b), "-n[t] ⊙ i[t]"),
        (-(a + b), "-(n[t] + i[t])"),
        (a + -b, "n[t] + (-i[t])"),
        (a - -b, "n[t] - (-i[t])"),
        (a + lift(-2), "n[t] + (-2)"),
        (a * lift(-2), "n[t] ⊙ (-2)"),
        (a * 0.1234567890123, "n[t] ⊙ 0.1234567890123"),
        (maximum(a, tanh(b - 1)), "max(n[t], tanh(i[t] - 1))"),
    ],
)
def test_brackets(formula: Expr, text: str) -> None:
    cell = Cell("mine", "a test", ("h",), {"i": Gate(), "n": Gate("tanh")}, (formula + a * b * 0.5,))
    assert plain_text(cell).splitlines()[-1] == f"h[t] = {text} + n[t] ⊙ i[t] ⊙ 0.5"
    torch.manual_seed(0)
    values: dict[str, Any] = {"n_new": 0.3, "i_new": -0.7, "h_old": 1.9}
    left, right = plain_text(cell).splitlines()[-1].split(" = ")
    found = computed(f"{left} = {right}", values)["h_new"]
    spelt = {"n": 0.3, "i": -0.7, "h": 1.9}
    assert found == pytest.approx(evaluated(formula, spelt) + 0.3 * -0.7 * 0.5)


def evaluated(node: Expr, at: dict[str, float]) -> float:
    operands = [evaluated(operand, at) for operand in node.operands]
    match node.op:
        case "const":
            return float(node.args[0])
        case "name":
            return at[node.args[0]]
        case "neg":
            return -operands[0]
        case "tanh":
            return float(np.tanh(operands[0]))
        case "maximum":
            return max(operands)
    one, other = operands
    return {"add": one + other, "sub": one - other, "mul": one * other, "div": one / other}[node.op]


def test_every_function_has_a_latex_name() -> None:
    assert set(_LATEX.functions) == set(FUNCTION_NAMES)
