"""The roles of the gates of every cell, compared with the papers and with the numbers of a step."""

from math import prod
from typing import Any

import pytest
import torch
from hypothesis import assume, given
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


def with_role(name: str) -> list[str]:
    """Return the cells in which a gate has the role."""
    return [cell for cell, labels in EXPECTED.items() if f"{name} (" in labels]


class Step:
    """One step of the reference with large weights, a random input and a random old state."""

    def __init__(self, cell: Cell) -> None:
        self.layer = build(cell, scale=3.0)
        self.roles = roles(cell)
        old = start(self.layer)
        _, new, gates = self.layer.trace(inputs(self.layer, T=1), passed(self.layer, old), backend="reference")
        self.gates = {gate: values[0] for gate, values in gates[0].items()}
        self.old = {name: value[0] for name, value in zip(cell.memory, old, strict=True)}
        self.new = {name: value[0] for name, value in zip(cell.memory, parts(new), strict=True)}

    def value(self, role: Role) -> Any:
        """Return the values of a role."""
        if role.fixed is not None:
            return role.fixed
        return 1 - self.gates[role.gate] if role.complement else self.gates[role.gate]

    def product(self, name: str) -> Any:
        """Return the product of the values of all roles with this name."""
        return prod(self.value(role) for role in self.roles if role.name == name)


def assert_written_and_kept(step: Step, memory: str) -> None:
    """The new memory is keep ⊙ old + write ⊙ candidate; a candidate that is not computed is multiplied by 0."""
    content = step.product("write") * step.product("candidate")
    if not any(role.name == "candidate" for role in step.roles):
        assert content == 0
    torch.testing.assert_close(
        step.new[memory], step.product("keep") * step.old[memory] + content, rtol=1e-12, atol=1e-12
    )


@pytest.mark.parametrize("cell", with_role("keep"))
def test_the_new_memory_is_keep_times_old_plus_write_times_candidate(cell: str) -> None:
    built = load_cell(cell)
    assert_written_and_kept(Step(built), "c" if "c" in built.states else "h")


@pytest.mark.parametrize("cell", with_role("expose"))
def test_the_output_is_expose_times_a_function_of_the_memory(cell: str) -> None:
    step = Step(load_cell(cell))
    memory = step.new["c"] / step.new["n"] if cell == "slstm" else step.new["c"]
    exposed = memory if cell in ("slstm", "lstm_noaf") else memory.tanh()
    torch.testing.assert_close(step.new["h"], step.product("expose") * exposed, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("cell", with_role("reset"))
def test_a_reset_gate_near_0_cuts_the_old_state_off_the_candidate(cell: str) -> None:
    built = load_cell(cell)
    (reset,) = (role.gate for role in roles(built) if role.name == "reset")
    # At 0 the gate of mgu would write nothing, and the candidate would not be computed; 1e-300 leaves nothing of h.
    for value, is_cut_off in ((1e-300, True), (0.5, False)):
        layer = build(built.fix(reset, value))
        one, other = (
            layer.trace(inputs(layer, T=1), passed(layer, start(layer, seed)), backend="reference")[2][0]["n"]
            for seed in (2, 3)
        )
        assert torch.equal(one, other) == is_cut_off


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


@st.composite
def ablated_cells(draw: st.DrawFn, changes: tuple[str, ...], names: list[str]) -> Cell:
    """Return a cell with one to three changes of its gates."""
    cell = load_cell(draw(st.sampled_from(names)))
    for _ in range(draw(st.integers(1, 3))):
        gate = draw(st.sampled_from(list(cell.gates)))
        other = draw(st.sampled_from([*cell.gates, *cell.states]))
        formula = draw(st.sampled_from(("1 - {}", "sigmoid({})", "{} * h", "h[t-1]", "0.5", "maximum({}, 0)")))
        change = draw(st.sampled_from(changes))
        try:
            match change:
                case "fix":
                    cell = cell.fix(gate, draw(st.sampled_from((0, 0.25, 1, -2))))
                case "tie":
                    cell = cell.tie(gate, formula.format(other))
                case "activate":
                    cell = cell.activate(gate, draw(st.sampled_from(ACTIVATIONS)))
                case "connect":
                    cell = cell.connect(gate, plus=formula.format(other))
        except UserError:  # a gate that needs itself, or a tied gate without weights
            continue
    return cell


@given(cell=ablated_cells(("fix", "tie", "activate", "connect"), cell_names()))
def test_roles_of_ablations(cell: Cell) -> None:
    """Whatever is changed: the roles are distinct and in order, and each gate that is computed or fixed has one."""
    described = roles(cell)
    definitions = cell.definitions
    assert {role.gate for role in described} == {*definitions.gates, *definitions.constants}
    assert len({role.key for role in described}) == len(described)
    assert [ROLE_NAMES.index(role.name) for role in described] == sorted(ROLE_NAMES.index(r.name) for r in described)
    for role in described:
        assert (role.fixed is not None) == (role.gate in definitions.constants)
        if role.fixed is not None:
            constant = definitions.constants[role.gate]
            assert role.fixed == (1 - constant if role.complement else constant)
            assert role.unit == (0 <= role.fixed <= 1)


@given(cell=ablated_cells(("fix", "tie", "activate"), [n for n in with_role("keep") if n != "slstm"]))
def test_numbers_of_ablations(cell: Cell) -> None:
    """Ablations leave the update as it is, so the roles are those of the base, and the numbers agree with them."""
    assume(cell.parameters)  # otherwise the layer has no dtype
    assume(all(formula.value is None for formula in cell.definitions.formulas.values()))  # no backend runs c[t] = 0
    step = Step(cell)
    assume(all(value.isfinite().all() for value in (*step.new.values(), *step.gates.values())))
    assert_written_and_kept(step, "c" if "c" in cell.states else "h")
    for role in step.roles:
        if role.unit and role.fixed is None:
            assert ((step.value(role) >= 0) & (step.value(role) <= 1)).all()
