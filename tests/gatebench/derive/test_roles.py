"""The roles of the gates of every cell, compared with the papers and with the numbers of a step."""

from math import prod
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gatebench import Cell, Gate, cell_names, load_cell
from gatebench.derive.roles import ROLE_NAMES, Role, roles
from gatebench.errors import UserError
from gatebench.spec.expression import ACTIVATIONS, Expr, name, out, sigmoid, tanh
from tests.gatebench.nn.layers import build, inputs, parts, passed, start

LSTM = "keep (f), write (i), expose (o), candidate (g)"
GRU = "keep (z), write (1 − z), reset (r), candidate (n)"
GRU_BEFORE = "keep (1 − z), write (z), reset (r), candidate (n)"
MGU = "keep (1 − f), write (f), reset (f), candidate (n)"

EXPECTED = {
    # Elman 1990: the candidate replaces the memory, so nothing keeps or writes.
    **dict.fromkeys(("rnn_tanh", "rnn_relu", "irnn", "indrnn"), "candidate (n)"),
    # Gers et al. 2000; Greff et al. 2017, section II; Jozefowicz et al. 2015. Fixed and tied gates keep their roles.
    **dict.fromkeys(("lstm", "lstm_b", "lstm_chrono", "lstm_np", "lstm_peephole", "lstm_fgr", "lstm_cifg"), LSTM),
    **dict.fromkeys(("lstm_niaf", "lstm_noaf", "lstm_sigmoid_candidate", "lstm_hard_gates"), LSTM),
    **dict.fromkeys(("lstm_relu_gates", "lstm_tanh_gates"), LSTM),
    **dict.fromkeys(("lstm_no_forget", "lstm_nfg"), "keep (f) = 1, write (i), expose (o), candidate (g)"),
    **dict.fromkeys(("lstm_no_input", "lstm_nig"), "keep (f), write (i) = 1, expose (o), candidate (g)"),
    **dict.fromkeys(("lstm_no_output", "lstm_nog"), "keep (f), write (i), expose (o) = 1, candidate (g)"),
    "lstm_output_times_forget": "keep (f), write (i), expose (o), expose (f), candidate (g)",
    "lstm_attention_input": f"{LSTM}, other (a)",
    # Cho et al. 2014: z is the weight of the old state. Ravanelli et al. 2018 too.
    "gru": GRU,
    "gru_no_reset": "keep (z), write (1 − z), reset (r) = 1, candidate (n)",
    "ligru": "keep (z), write (1 − z), reset (r) = 1, candidate (n)",
    "gru_no_update": "keep (z) = 0, write (1 − z) = 1, reset (r), candidate (n)",
    # Chung et al. 2014, Dey & Salem 2017, MUT1 to MUT3 of Jozefowicz et al. 2015: z is the weight of the candidate.
    **dict.fromkeys(("gru_before", "gru1", "gru2", "gru3", "mut1", "mut2", "mut3"), GRU_BEFORE),
    # Zhou et al. 2016, Heck & Salem 2017: one gate writes and resets, in spite of its name f.
    **dict.fromkeys(("mgu", "mgu1", "mgu2", "mgu3"), MGU),
    "ugrnn": "keep (g), write (1 − g), candidate (c)",
    "janet": "keep (f), write (i), candidate (g), preactivation (s)",
    "mingru": "keep (1 − z), write (z), candidate (n)",
    "mingru_log": "keep (1 − z), write (z), candidate (g), preactivation (n)",
    "minlstm": "keep (f_prime), write (i_prime), candidate (g), preactivation (f), preactivation (i)",
    "slstm": "keep (f_prime), write (i_prime), expose (o), candidate (g), preactivation (i), preactivation (f)",
}

CANDIDATES = {"candidate", "preactivation"}
NOT_UNIT = {cell: {"keep", "write", "expose"} | CANDIDATES for cell in ("lstm_relu_gates", "lstm_tanh_gates")}
"""The roles of a cell that may leave [0, 1]. In all other cells only candidates and pre-activations do."""


def spelled(cell: Cell) -> str:
    """Return all labels, a fixed one with its value."""
    return ", ".join(role.label + ("" if role.fixed is None else f" = {role.fixed:g}") for role in roles(cell))


def test_every_cell_is_listed() -> None:
    assert sorted(EXPECTED) == cell_names()


@pytest.mark.parametrize(("cell", "labels"), EXPECTED.items())
def test_roles(cell: str, labels: str) -> None:
    assert spelled(load_cell(cell)) == labels


@pytest.mark.parametrize("cell", cell_names())
def test_values_in_0_1(cell: str) -> None:
    not_unit = {role.name for role in roles(load_cell(cell)) if not role.unit}
    if cell == "lstm_sigmoid_candidate":
        assert not not_unit
    elif cell == "lstm_attention_input":
        assert not_unit == {"candidate"}
    else:
        present = {role.name for role in roles(load_cell(cell))}
        assert not_unit == NOT_UNIT.get(cell, CANDIDATES) & present


def test_texts_of_a_role() -> None:
    keep, write, *_ = roles(load_cell("gru"))
    assert (keep.letter, keep.key, keep.label) == ("z", "keep/z", "keep (z)")
    assert (write.letter, write.key, write.label) == ("1-z", "write/1-z", "write (1 − z)")
    assert keep == Role("keep", "z", complement=False, unit=True, fixed=None)


@pytest.mark.parametrize("cell", [cell for cell, labels in EXPECTED.items() if "keep" in labels])
def test_the_new_memory_is_keep_times_old_plus_write_times_candidate(cell: str) -> None:
    """The roles are checked on the numbers of one step of the reference, with large weights and a random state."""
    layer = build(cell, scale=3.0)
    described = roles(layer.cell)
    state = start(layer)
    _, new_state, traces = layer.trace(inputs(layer, T=1), passed(layer, state), backend="reference")
    trace = traces[0]

    def value(role: Role) -> Any:
        if role.fixed is not None:
            return role.fixed
        return 1 - trace[role.gate][0] if role.complement else trace[role.gate][0]

    keep, write, candidate = (
        prod(value(role) for role in described if role.name == wanted) for wanted in ("keep", "write", "candidate")
    )
    memory = layer.cell.memory.index("c" if "c" in layer.cell.states else "h")
    expected = keep * state[memory][0] + write * candidate
    torch.testing.assert_close(parts(new_state)[memory][0], expected, rtol=1e-12, atol=1e-12)


def test_roles_follow_ties() -> None:
    lstm = load_cell("lstm")
    assert spelled(lstm.tie("f", "1 - i")) == LSTM
    assert spelled(lstm.tie("f", "1 - i").fix("i", 0.25)) == (
        "keep (f) = 0.75, write (i) = 0.25, expose (o), candidate (g)"
    )
    assert spelled(lstm.tie("g", "sigmoid(f)")) == LSTM
    assert spelled(lstm.activate("i", "tanh").activate("g", "sigmoid")) == LSTM
    assert spelled(lstm.tie("g", "tanh(i * h)")) == f"{LSTM[:-15]}, reset (i), candidate (g)"
    assert spelled(load_cell("slstm").tie("i_prime", "exp(i)")).startswith("keep (f_prime), write (i_prime), expose")


def test_a_gate_that_is_not_computed_has_no_role() -> None:
    assert spelled(load_cell("lstm").fix("i", 0)) == "keep (f), write (i) = 0, expose (o)"


def test_a_tied_gate_of_slstm_is_proved_anew() -> None:
    """The stabiliser bounds exp(i - m[t]), but not exp(i)."""
    write = roles(load_cell("slstm").tie("i_prime", "exp(i)"))[1]
    assert (write.key, write.unit) == ("write/i_prime", False)


def mine(gates: dict[str, Gate], *update: Expr) -> Cell:
    """Return a cell with the states h and, for two formulas, c."""
    return Cell("mine", "a test", ("h", "c")[: len(update)], gates, update)


def test_cells_that_declare_nothing() -> None:
    h, c, x = map(name, "hcx")
    i, f, g, o = map(name, "ifgo")
    s, t = Gate("sigmoid"), Gate("tanh")
    memory = f * c + i * g
    assert spelled(mine({"i": s, "f": s, "g": t, "o": s}, o * out(memory), memory)) == LSTM
    # Both factors may be the content.
    assert spelled(mine({"i": s, "f": s, "g": s, "o": s}, o * out(memory), memory)) == (
        "keep (f), expose (o), other (i), other (g)"
    )
    # The content is no gate; the memory is read inside of a function; two gates keep.
    memory = f * g * c - i * tanh(x)
    assert spelled(mine({"i": s, "f": s, "g": s, "o": s}, out(o * memory), memory)) == (
        "keep (f), keep (g), write (i), expose (o)"
    )
    # 1 - f is the coefficient, although the formula has it in another form.
    assert spelled(mine({"f": s, "g": t}, h - f * h + f * g)) == "keep (1 − f), write (f), candidate (g)"
    # The memory is not affine in itself; the old memory is kept whole; the memory is exposed before its update.
    assert spelled(mine({"f": s, "g": t}, tanh(f * h + g))) == "preactivation (f), preactivation (g)"
    assert spelled(mine({"i": s, "g": t}, h + i * g)) == "write (i), candidate (g)"
    assert spelled(mine({"o": s, "f": s, "g": t}, o * tanh(c), f * c + (1 - f) * g)) == (
        "keep (f), write (1 − f), expose (o), candidate (g)"
    )
    # A coefficient that is no product of gates says nothing of its gates.
    assert spelled(mine({"f": s, "g": t}, (f / (1 + f)) * h + g)) == "candidate (g), other (f)"
    # The old output is kept beside the exposed memory.
    assert spelled(mine({"f": s, "o": s, "g": t}, o * h + (1 - o) * tanh(c), f * c + g)) == (
        "keep (o), keep (f), expose (1 − o), candidate (g)"
    )
    assert spelled(mine({"f": s, "g": t, "r": Gate(tie="sigmoid(f * h)")}, sigmoid(name("r")) * h + g)) == (
        "reset (f), candidate (g), preactivation (r)"
    )


def test_an_unknown_declaration() -> None:
    with pytest.raises(UserError, match="candidate"):
        Gate("tanh", role="keep")


def test_a_declaration_changes_no_digest() -> None:
    h, i, g = map(name, "hig")
    plain = Cell("mine", "", ("h",), {"i": Gate(), "g": Gate("tanh")}, (h + i * g,))
    declared = Cell("mine", "", ("h",), {"i": Gate(), "g": Gate("tanh", role="candidate")}, (h + i * g,))
    assert plain.digest == declared.digest
    assert plain == declared


@given(cell=st.sampled_from(cell_names()), data=st.data())
def test_roles_of_ablations(cell: str, data: st.DataObject) -> None:
    """Whatever is fixed, tied or activated: the roles are distinct and in order, and each live gate has one."""
    ablated = load_cell(cell)
    for _ in range(data.draw(st.integers(1, 3))):
        gate = data.draw(st.sampled_from(list(ablated.gates)))
        other = data.draw(st.sampled_from([*ablated.gates, *ablated.states]))
        formula = data.draw(st.sampled_from(("1 - {}", "sigmoid({})", "{} * h", "h[t-1]", "0.5", "maximum({}, 0)")))
        change = data.draw(st.sampled_from(("fix", "tie", "activate", "connect")))
        try:
            match change:
                case "fix":
                    ablated = ablated.fix(gate, data.draw(st.sampled_from((0, 0.25, 1, -2))))
                case "tie":
                    ablated = ablated.tie(gate, formula.format(other))
                case "activate":
                    ablated = ablated.activate(gate, data.draw(st.sampled_from(ACTIVATIONS)))
                case "connect":
                    ablated = ablated.connect(gate, plus=formula.format(other))
        except UserError:
            continue
    described = roles(ablated)
    definitions = ablated.definitions
    assert {role.gate for role in described} == {*definitions.gates, *definitions.constants}
    assert len({role.key for role in described}) == len(described)
    assert [ROLE_NAMES.index(role.name) for role in described] == sorted(ROLE_NAMES.index(r.name) for r in described)
    for role in described:
        assert (role.fixed is not None) == (role.gate in definitions.constants)
        if role.fixed is not None:
            constant = definitions.constants[role.gate]
            assert role.fixed == (1 - constant if role.complement else constant)
            assert role.unit == (0 <= role.fixed <= 1)
