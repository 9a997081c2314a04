"""The derived backward pass as formulas: derivatives against finite differences, what is kept, what waits for what."""

import math
from collections.abc import Callable

import pytest

from gatebench import cell_names, load_cell
from gatebench.derive.adjoint import adjoint
from gatebench.derive.layout import layout
from gatebench.derive.partials import partials
from gatebench.derive.schedule import Pass, schedule
from gatebench.expression import FUNCTIONS, Expr, lift, name

NUMBERS: dict[str, Callable[..., float]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "neg": lambda a: -a,
    "sigmoid": lambda a: 1 / (1 + math.exp(-a)),
    "tanh": math.tanh,
    "relu": lambda a: max(a, 0.0),
    "hard_sigmoid": lambda a: min(max(a / 6 + 0.5, 0.0), 1.0),
    "exp": math.exp,
    "log": math.log,
    "log_sigmoid": lambda a: -math.log1p(math.exp(-a)),
    "maximum": max,
    "positive": lambda y: float(y > 0),
    "between": lambda y: float(0 < y < 1),
    "wins": lambda a, b: 0.5 if a == b else float(a > b),
}


def number(node: Expr, values: dict[str, float]) -> float:
    if node.op == "name":
        return values[node.args[0]]
    return float(node.args[0]) if node.op == "const" else NUMBERS[node.op](*(number(o, values) for o in node.operands))


@pytest.mark.parametrize("op", ["add", "sub", "mul", "div", "neg", *FUNCTIONS])
@pytest.mark.parametrize("at", [(0.3, 1.7), (1.9, 0.4)])
def test_partials_are_the_slopes(op: str, at: tuple[float, float]) -> None:
    labels = ["a", "b"] if op in ("add", "sub", "mul", "div", "maximum") else ["a"]
    node, values = Expr(op, tuple(map(name, labels))), dict(zip(labels, at, strict=False))
    for label, partial in zip(labels, partials(node, lambda e: e), strict=True):
        step = 1e-6
        high, low = (number(node, values | {label: values[label] + s}) for s in (step, -step))
        assert number(partial, values) == pytest.approx((high - low) / (2 * step), abs=1e-8)


@pytest.mark.parametrize(("op", "at", "wanted"), [("relu", (0.0,), [0.0]), ("maximum", (2.0, 2.0), [0.5, 0.5])])
def test_where_a_slope_jumps_it_is_torch_s(op: str, at: tuple[float, ...], wanted: list[float]) -> None:
    node = Expr(op, tuple(map(lift, at)))
    assert [number(p, {}) for p in partials(node, lambda e: e)] == wanted


def test_the_lstm_keeps_its_four_gates_and_one_block_of_weight_gradients_a_source() -> None:
    derived = adjoint(load_cell("lstm").definitions)
    assert derived.saved == ("i[t]", "f[t]", "g[t]", "o[t]")
    assert [(job.operand, len(job.deltas)) for job in layout(load_cell("lstm").definitions).jobs] == [
        ("h[t-1]", 4),
        ("x[t]", 4),
        ("1", 4),
    ]


def test_a_removed_gate_is_neither_kept_nor_multiplied() -> None:
    derived = adjoint(load_cell("lstm").fix("i", 1).definitions)
    assert derived.saved == ("f[t]", "g[t]", "o[t]")
    assert not any(outer.weight.endswith(".i") for outer in derived.outers)


def test_a_tied_gate_is_computed_again_and_a_state_that_is_a_gate_is_kept_once() -> None:
    assert "f[t]" not in adjoint(load_cell("lstm_cifg").definitions).saved
    rnn = adjoint(load_cell("rnn_tanh").definitions)
    assert rnn.saved == ()
    assert rnn.forward.aliases == {"n[t]": "h[t]"}


def test_what_only_the_input_determines_can_be_computed_again() -> None:
    definitions = load_cell("mingru").definitions
    assert adjoint(definitions).saved == ("z[t]", "n[t]")
    assert adjoint(definitions, again=True).saved == ()


@pytest.mark.parametrize("cell", cell_names())
def test_no_pass_reads_what_a_later_one_computes(cell: str) -> None:
    derived = adjoint(load_cell(cell).definitions)
    for program in (derived.forward, derived.step):
        passes = schedule(program)
        assert sorted(n for step in passes for n in step.formulas) == sorted(program.formulas)
        for number_, step in enumerate(passes):
            for operand in step.operands:
                assert number_ > _computing(passes, operand)


def _computing(passes: tuple[Pass, ...], wanted: str) -> int:
    return next((number_ for number_, step in enumerate(passes) if wanted in step.formulas), -1)


def test_every_weight_has_a_gradient() -> None:
    for cell in map(load_cell, cell_names()):
        derived = adjoint(cell.definitions)
        assert {o.weight for o in derived.outers} | set(derived.sums) == set(cell.parameters)
