"""Random tables: what the algebra builds runs, differentiates, counts and prints; what it refuses, it says so."""

import pickle
from collections.abc import Callable
from typing import Any

import torch
from hypothesis import HealthCheck, assume, example, given, note, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from gatebench import Cell, Recurrent, build_cell
from gatebench.cells import BASES
from gatebench.derive.affine import scannable
from gatebench.derive.bounds import unit_gates
from gatebench.derive.cost import dependent_products, parameters, pointwise_flops, product_flops
from gatebench.derive.equations import latex, plain_text
from gatebench.errors import UserError
from gatebench.spec.expression import ACTIVATIONS, FUNCTIONS
from gatebench.spec.gate import CONNECTIONS
from tests.gatebench.nn.layers import parts

SETTINGS = settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)

NUMBERS = st.sampled_from(["0", "1", "0.5", "-1", "2", "1e29"])


def formulas(cell: Cell) -> SearchStrategy[str]:
    """Return formulas over the names of a cell, now and then over one that it does not have."""
    labels = [*cell.states, *cell.gates, "x"]
    timed = [f"{label}[{at}]" for label in labels[:-1] for at in ("t", "t-1")]

    def grown(inner: SearchStrategy[str]) -> SearchStrategy[str]:
        return st.one_of(
            st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda each: f"({each[0]} {each[1]} {each[2]})"),
            st.tuples(st.sampled_from([f for f in FUNCTIONS if f != "maximum"]), inner).map(
                lambda e: f"{e[0]}({e[1]})"
            ),
            st.tuples(inner, inner).map(lambda each: f"maximum({each[0]}, {each[1]})"),
        )

    return st.recursive(st.sampled_from([*labels, *timed, "q"]) | NUMBERS, grown, max_leaves=4)


@st.composite
def operations(draw: DrawFn, cell: Cell) -> Callable[[], Cell]:
    """Draw one operation of the algebra on a cell, sensible or not."""
    gate = draw(st.sampled_from([*cell.gates, "out"]))
    match draw(st.sampled_from(["fix", "tie", "activate", "connect", "connect", "bias", "draw"])):
        case "fix":
            number = draw(st.sampled_from([0.0, 1.0, 0.5, -1.0, 1e-3]))
            return lambda: cell.fix(gate, number)
        case "tie":
            text = draw(formulas(cell))
            return lambda: cell.tie(gate, text)
        case "activate":
            activation = draw(st.sampled_from(ACTIVATIONS))
            return lambda: cell.activate(gate, activation)
        case "bias":
            bias = draw(st.sampled_from([0, 1.5, "chrono", None, *(f"-{other}" for other in cell.gates)]))
            return lambda: cell.bias(gate, bias)
        case "draw":
            rule = draw(st.sampled_from(["identity", "uniform", "uniform 0 1", "normal 0.1"]))
            return lambda: cell.initialise("R", rule)
    term = draw(st.sampled_from(CONNECTIONS))
    others = st.sampled_from(list(cell.gates))
    values: dict[str, SearchStrategy[Any]] = {
        "matrix": st.sampled_from(["dense", "diagonal"]),
        "gates": st.lists(others, max_size=2),
        "after": others | st.none(),
        "peephole": st.sampled_from([f"{state}[{at}]" for state in cell.states for at in ("t", "t-1")]) | st.none(),
    }
    value = draw(values.get(term, formulas(cell) | st.none()))
    return lambda: cell.connect(gate, **{term: value})


@st.composite
def tables(draw: DrawFn) -> Cell:
    """Draw a cell: a base and a chain of what the algebra does not refuse."""
    cell = BASES[draw(st.sampled_from(sorted(BASES)))]
    for _ in range(draw(st.integers(1, 5))):
        operation = draw(operations(cell))
        try:
            cell = operation()
        except UserError as error:
            sentence = str(error)
            assume("\n" not in sentence)
    return cell


@SETTINGS
@given(tables(), st.booleans())
def test_what_the_algebra_builds_runs_differentiates_counts_and_prints(cell: Cell, padded: bool) -> None:
    note(plain_text(cell))
    lines = plain_text(cell).splitlines()
    assert len(latex(cell).splitlines()) == len(lines) + 2
    assert latex(cell).count("{") == latex(cell).count("}")
    square = cell.definitions.square
    I, H = (2 if square else 3), 2  # noqa: E741
    layer = Recurrent(cell, I, H, steps=10, dtype=torch.float64, backend="reference")
    assert parameters(cell, I, H) == sum(weight.numel() for weight in layer.parameters())
    assert product_flops(cell, I, H) % 2 == 0
    assert pointwise_flops(cell, I, H) >= 0
    assert dependent_products(cell) >= 0
    assert isinstance(scannable(cell), bool)
    x = torch.randn(4, 3, I, dtype=torch.float64, requires_grad=True)
    lengths = torch.tensor([4, 0, 2]) if padded else None
    output, final = layer(x, lengths=lengths)
    traced, end, gates = layer.trace(x, lengths=lengths, backend="reference")
    torch.testing.assert_close(output, traced, equal_nan=True)
    assert output.shape == (4, 3, H)
    assert (
        [part.shape for part in parts(final)] == [part.shape for part in parts(end)] == [(1, 3, H)] * len(cell.memory)
    )
    assert set(gates[0]) == set(cell.definitions.gates)
    for gate, values in gates[0].items():
        assert values.shape == (4, 3, I if cell.gates[gate].width == "I" else H)
        if gate in unit_gates(cell):
            assert not ((values < 0) | (values > 1)).any()
    loss = output.sum() + sum(part.sum() for part in parts(final))
    if loss.requires_grad:
        torch.autograd.grad(loss, [x, *layer.parameters()], allow_unused=True)


@SETTINGS
@given(tables())
def test_a_table_survives_a_pickle_with_its_digest(cell: Cell) -> None:
    again = pickle.loads(pickle.dumps(cell))
    assert again == cell
    assert again.digest == cell.digest
    assert again.name == cell.name


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["off", "on", "c[t-1]", "i", "h"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=3,
)
WORDS = st.sampled_from(["fix", "tie", "activate", "bias", "connect", "fx"])
TERMS = st.dictionaries(st.sampled_from([*CONNECTIONS, "q"]), ANYTHING, max_size=2)
ABLATIONS = st.dictionaries(
    st.sampled_from(["i", "f", "g", "o", "out", "q"]),
    st.dictionaries(WORDS, ANYTHING | TERMS, max_size=2) | ANYTHING,
    max_size=2,
)


@SETTINGS
@given(
    st.fixed_dictionaries(
        {"base": st.sampled_from(["lstm", "lstm_peephole", "gru"]) | ANYTHING},
        optional={
            "name": ANYTHING,
            "source": ANYTHING,
            "note": ANYTHING,
            "start": ANYTHING,
            "ablate": ABLATIONS | ANYTHING,
        },
    )
)
@example({"base": "lstm", "ablate": {"i": {"connect": {"gates": [["i"]]}}}})
@example({"base": "lstm", "ablate": {"i": {"fix": 10**400}}})
@example({"base": ["lstm"], "name": {"a": 1}})
def test_any_config_is_a_cell_or_refused(config: dict[str, Any]) -> None:
    try:
        cell = build_cell(config)
    except UserError as error:
        sentence = str(error)
    else:
        sentence = cell.name
        assert isinstance(cell, Cell)
    assert sentence
