"""The names in derived programs."""

import re

from gatebench import cell_names, load_cell
from gatebench.derive import prefixes
from gatebench.derive.adjoint import adjoint
from gatebench.derive.prefixes import (
    DX,
    POINTWISE_DX,
    adjoint_of,
    arriving,
    carried,
    is_accumulated,
    operand,
    output_gradient,
    part_of,
    recomputed,
    running_sum,
)
from gatebench.spec.dated import now
from gatebench.spec.expression import names

TABLE = set(re.findall(r"^\| `(\S+)`", prefixes.__doc__ or "", re.MULTILINE))


def test_the_table_holds_what_the_functions_return() -> None:
    made = {
        adjoint_of("c"),
        adjoint_of("R.i"),
        adjoint_of("R.i").next,
        DX,
        POINTWISE_DX,
        output_gradient("h"),
        carried("c"),
        arriving("c"),
        running_sum("p.i"),
        operand(0),
        part_of(now("c"), 0),
        recomputed(operand(0)),
    }
    assert made == TABLE


def test_derived_programs_use_no_other_prefix() -> None:
    known = {re.sub(r"\d", "", entry.split("/")[0]) for entry in TABLE}
    for cell in map(load_cell, cell_names()):
        for recompute in (False, True):
            derived = adjoint(cell.definitions, recompute)
            formulas = {**derived.forward.formulas, **derived.backward.formulas}
            read = {n for formula in formulas.values() for n in names(formula)} | set(formulas)
            assert {re.sub(r"\d", "", n.split("/")[0]) for n in read if "/" in n} <= known


def test_carried_values_and_running_sums_replace_those_of_the_step_after() -> None:
    assert [n for n in sorted(TABLE) if is_accumulated(n)] == ["k/c[t]", "s/p.i[t]"]
