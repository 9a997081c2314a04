"""The cell and the operations of an ablation: equations, labels and errors."""

import copy
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from gatebench import Cell, Gate, cell_names, load_cell
from gatebench.errors import UserError
from gatebench.spec.dated import now
from gatebench.spec.expression import Expr, lift, name, tanh

LSTM = load_cell("lstm")


def formula(cell: Cell, definition: str) -> Expr:
    return cell.definitions.formulas[now(definition)]


def weights(cell: Cell, gate: str) -> set[str]:
    return {weight.partition(".")[0] for weight in cell.parameters if weight.endswith(f".{gate}")}


def test_fix_removes_the_gate_and_its_weights() -> None:
    cell = LSTM.fix("i", 1)
    assert cell.name == "lstm[i=1]"
    assert weights(cell, "i") == set()
    assert formula(cell, "c") == name("f[t]") * name("c[t-1]") + name("g[t]")
    assert "i" not in cell.definitions.gates
    assert LSTM.fix("i", 0.1234567890123).name == "lstm[i=0.1234567890123]", "two cells must not share a label"
    assert "i" in LSTM.definitions.gates, "the cell itself is untouched"


def test_tie_puts_a_formula_in_place_of_the_weights() -> None:
    cell = LSTM.tie("f", "1 - i")
    assert cell.name == "lstm[f=1 - i]"
    assert weights(cell, "f") == set()
    assert formula(cell, "f") == 1 - name("i[t]")
    assert LSTM.tie("f", "1").digest == LSTM.fix("f", 1).digest


def test_activate_changes_a_gate_or_the_output() -> None:
    assert formula(LSTM.activate("g", "identity"), "g") == formula(LSTM, "g").args[0]
    assert formula(LSTM.activate("out", "identity"), "h") == name("o[t]") * name("c[t]")
    assert [LSTM.activate(which, "relu").name for which in ("g", "out")] == ["lstm[g:relu]", "lstm[out:relu]"]
    assert LSTM.activate("g", "tanh").digest == LSTM.digest


def test_connect_adds_and_removes_terms() -> None:
    cell = LSTM.connect("i", recurrent=None, peephole="c[t-1]")
    assert cell.name == "lstm[i.recurrent=off, i.peephole=c[t-1]]"
    assert weights(cell, "i") == {"W", "b", "p"}
    assert cell.connect("i", recurrent="h", peephole=None).digest == LSTM.digest
    assert LSTM.connect("i", gates=["f", "i"]).name == "lstm[i.gates=f+i]"
    assert {"R.f.i", "R.i.i"} < set(LSTM.connect("i", gates=["f", "i"]).parameters)
    assert LSTM.connect("i", matrix="diagonal").parameters["R.i"] == ("H",)


def test_bias_changes_the_initial_bias_and_not_the_equations_unless_it_is_off() -> None:
    cell = LSTM.bias("f", 1)
    assert (cell.name, cell.gates["f"].bias) == ("lstm[b.f=1]", 1.0)
    assert cell.definitions.text() == LSTM.definitions.text()
    assert cell.digest != LSTM.digest
    assert LSTM.bias("f", None).name == "lstm[b.f=off]"
    assert weights(LSTM.bias("f", None), "f") == {"W", "R"}


def test_initialise_changes_the_initial_weights_of_a_letter() -> None:
    cell = LSTM.initialise("R", "identity")
    assert (cell.name, cell.start) == ("lstm[R~identity]", {"R": "identity"})
    assert cell.digest != LSTM.digest
    assert LSTM.initialise("R", "uniform").digest == LSTM.digest, "this is the default"
    assert LSTM.initialise("p", "identity").digest == LSTM.digest, "there are no peepholes"


def test_labels_list_all_changes() -> None:
    assert LSTM.fix("i", 1).bias("f", 1).activate("g", "relu").name == "lstm[i=1, b.f=1, g:relu]"


@pytest.mark.parametrize(
    ("operation", "sentence"),
    [
        (lambda: LSTM.fix("q", 1), "There is no gate 'q' of lstm. Allowed: f, g, i, o"),
        (lambda: LSTM.fix("i", True), "The value of gate 'i' is True; it must be a finite number"),
        (lambda: LSTM.fix("i", "1"), "The value of gate 'i' is '1'"),  # type: ignore[arg-type]
        (lambda: LSTM.fix("i", float("nan")), "is nan; it must be a finite number"),
        (lambda: LSTM.fix("i", 10**400), "it must be a finite number"),
        (lambda: LSTM.tie("q", "i"), "no gate 'q' of lstm"),
        (lambda: LSTM.tie("i", "1 -"), "cannot be read"),
        (lambda: LSTM.tie("i", "1 - q"), "no name 'q' in the formulas of .*"),
        (lambda: LSTM.activate("i", "sigmod"), "no activation 'sigmod'; did you mean 'sigmoid'"),
        (lambda: LSTM.activate("out", "sin"), "no output activation 'sin'"),
        (lambda: load_cell("gru").activate("out", "relu"), "gru has no output activation to change"),
        (
            lambda: LSTM.fix("i", 1).activate("i", "relu"),
            r"Gate 'i' of lstm\[i=1\] is 1.0; it has no weights to change",
        ),
        (lambda: LSTM.tie("f", "1 - i").bias("f", 1), "is 1 - i; it has no weights to change"),
        (lambda: LSTM.connect("i", peepholes="c"), "no connection 'peepholes'; did you mean 'peephole'"),
        (lambda: LSTM.connect("i", peephole=True), "peephole is True; it must be a formula, or off"),
        (lambda: LSTM.connect("i", gates=3), "gates is 3; it must be a list of gates"),
        (lambda: LSTM.connect("i", matrix=None), "no matrix 'None'"),
        (lambda: LSTM.bias("i", "f"), "An initial bias is 'f'"),
        (lambda: LSTM.bias("i", True), "An initial bias is True"),
        (lambda: LSTM.bias("i", "-z"), "no gate 'z' of .*. Allowed: f, g, i, o"),
        (
            lambda: LSTM.bias("i", "-i"),
            "the bias of 'i' is minus that of 'i', so 'i' needs a number or chrono as its bias",
        ),
        (lambda: LSTM.bias("i", "-f").bias("f", "-i"), "so .* needs a number or chrono"),
        (lambda: LSTM.bias("i", "-f").fix("f", 1), "minus that of 'f', so 'f' needs a number or chrono"),
        (lambda: LSTM.bias("i", "-f").bias("f", None), "so 'f' needs a number or chrono"),
        (lambda: load_cell("lstm_attention_input").bias("a", "-f"), "and the width of 'a'"),
        (lambda: LSTM.initialise("Q", "identity"), "no letter 'Q' of initial weights. Allowed: R, W, p"),
        (lambda: LSTM.initialise("R", "eye"), "There is no rule for initial weights 'eye'"),
        (lambda: replace(LSTM, initial={"q": 1.0}), "no state 'q' of lstm"),
    ],
)
def test_a_wrong_operation_raises_an_error_of_one_sentence(operation: Callable[[], Cell], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence) as caught:
        operation()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("update", "sentence"),
    [
        (lambda h, n, i: (h,), "update must take exactly h, i, n"),
        (lambda h, i, n: i * n, "update must return a tuple, one value for each of h"),
        (lambda h, i, n: (h, n), "update must return one value for each of h"),
    ],
)
def test_an_update_must_have_the_parameters_of_its_table(update: Any, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        Cell("mine", "a test", ("h",), {"i": Gate(), "n": Gate("tanh")}, update)


def test_a_state_may_become_a_number() -> None:
    cell = Cell("mine", "a test", ("h", "k"), {"n": Gate("tanh")}, lambda h, k, n: (n * k, 2))  # type: ignore[arg-type,return-value]
    assert formula(cell, "k") == lift(2)


def test_out_is_applied_where_the_update_has_it() -> None:
    assert formula(LSTM, "h") == name("o[t]") * tanh(name("c[t]"))


@pytest.mark.parametrize("cell", cell_names())
def test_a_cell_is_plain_data(cell: str) -> None:
    original = load_cell(cell)
    for other in (pickle.loads(pickle.dumps(original)), copy.deepcopy(original), replace(original)):
        assert other == original
        assert hash(other) == hash(original)
        assert other.digest == original.digest
        assert other.definitions.formulas == original.definitions.formulas


def test_equal_equations_have_equal_digests() -> None:
    assert load_cell("lstm_np").digest == LSTM.digest
    assert load_cell("lstm_peephole").fix("i", 1).digest == load_cell("lstm_nig").digest
    assert load_cell("lstm_no_input").digest == LSTM.fix("i", 1.0).digest == LSTM.tie("i", "3 - 2").digest
    assert replace(LSTM, name="other", source="elsewhere", note="").digest == LSTM.digest
    assert replace(LSTM, gates=dict(reversed(list(LSTM.gates.items())))).digest == LSTM.digest
    assert LSTM.bias("f", 1).digest == LSTM.bias("f", 1.0).digest == load_cell("lstm_b").digest


def test_other_equations_or_initial_weights_have_other_digests() -> None:
    cells = [load_cell(each) for each in cell_names() if each != "lstm_np"]
    cells += [LSTM.fix("i", 0.5), LSTM.fix("i", -0.5), LSTM.bias("i", -1), replace(LSTM, initial={"c": 1.0})]
    assert len({cell.digest for cell in cells}) == len(cells)


def test_digests_do_not_depend_on_the_process() -> None:
    code = "from gatebench import load_cell; print(load_cell('lstm_fgr').digest, load_cell('irnn').digest)"
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        process = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
        )
        assert process.stdout.split() == [load_cell("lstm_fgr").digest, load_cell("irnn").digest]
