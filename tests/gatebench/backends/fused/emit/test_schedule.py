"""Passes over the units: what waits for what."""

import pytest

from gatebench import cell_names, load_cell
from gatebench.backends.fused.emit.schedule import Stage, collect_dots, schedule
from gatebench.derive.adjoint import adjoint
from gatebench.spec.expression import Expr, name


@pytest.mark.parametrize("cell", cell_names())
def test_no_pass_reads_what_a_later_one_computes(cell: str) -> None:
    derived = adjoint(load_cell(cell).definitions)
    for program in (derived.forward, derived.backward):
        stages = schedule(program)
        assert sorted(n for stage in stages for n in stage.formulas) == sorted(program.formulas)
        for number_, stage in enumerate(stages):
            for operand in stage.operands:
                assert number_ > _computing(stages, operand)


def _computing(stages: tuple[Stage, ...], wanted: str) -> int:
    return next((number_ for number_, stage in enumerate(stages) if wanted in stage.formulas), -1)


def test_products_that_are_added_up_become_one_dot() -> None:
    formula = (Expr("matmul", ("W", name("x[t]"))) + name("b")) + Expr("matmul_t", ("R", name("h[t-1]")))
    assert collect_dots(formula) == name("b") + Expr("dot", (("W", "x[t]", False), ("R", "h[t-1]", True)))


@pytest.mark.parametrize(
    ("cell", "forward", "back"), [("lstm", 1, 1), ("gru", 1, 1), ("gru_before", 2, 2), ("lstm_fgr", 1, 1)]
)
def test_a_dependent_product_costs_a_pass(cell: str, forward: int, back: int) -> None:
    derived = adjoint(load_cell(cell).definitions)
    assert (len(schedule(derived.forward)), len(schedule(derived.backward))) == (forward, back)
