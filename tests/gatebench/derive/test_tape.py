"""The time step as instructions: in an order that can run, and each formula computed once."""

import pytest

from gatebench import cell_names, load_cell
from gatebench.derive.tape import tape
from gatebench.spec.expression import name


@pytest.mark.parametrize("cell", cell_names())
def test_every_operand_is_computed_before_it_is_read(cell: str) -> None:
    definitions = load_cell(cell).definitions
    line = tape(definitions)
    past = {line.names[f"{m}[t-1]"] for m in definitions.memory}
    ready = {line.names["x[t]"], *line.vectors.values(), *line.constants}
    for instruction in line.hoisted:
        assert set(instruction.operands) <= ready, "a hoisted instruction must not need the past"
        ready |= set(instruction.results)
    ready |= past
    for instruction in line.looped:
        assert set(instruction.operands) <= ready
        assert not set(instruction.results) & ready, "a slot is written once"
        ready |= set(instruction.results)
    assert {line.names[defined] for defined in definitions.formulas} <= ready
    assert max(ready) < line.size


@pytest.mark.parametrize("cell", cell_names())
def test_every_weight_is_used_once(cell: str) -> None:
    loaded = load_cell(cell)
    line = tape(loaded.definitions)
    used = [weight for i in (*line.hoisted, *line.looped) for weight in i.weights] + list(line.vectors)
    assert sorted(used) == sorted(loaded.parameters)


def test_products_of_the_same_operand_are_one_instruction() -> None:
    line = tape(load_cell("gru_before").definitions)
    assert [i.weights for i in line.hoisted if i.weights] == [("W.r", "W.z", "W.n")]
    assert [i.weights for i in line.looped if i.weights] == [("R.r", "R.z"), ("R.n",)]


def test_formulas_that_do_not_read_the_past_are_hoisted() -> None:
    line = tape(load_cell("mingru").definitions)
    assert {i.op for i in line.looped} == {"mul", "add"}
    gate = line.names["z[t]"]
    assert gate in {result for i in line.hoisted for result in i.results}


def test_a_formula_that_occurs_twice_is_computed_once() -> None:
    cell = load_cell("slstm")
    line = tape(cell.definitions)
    assert sum(i.op == "log_sigmoid" for i in line.looped) == 1


def test_an_equation_that_is_only_a_name_shares_its_slot() -> None:
    line = tape(load_cell("gru").fix("z", 1).definitions)
    assert line.names["h[t]"] == line.names["h[t-1]"]
    assert line.looped == line.hoisted == ()
    assert tape(load_cell("lstm").fix("o", 0).definitions).constants
    assert name("x[t]").args[0] in line.names
