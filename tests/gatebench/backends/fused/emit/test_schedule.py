"""Passes over the units: what waits for what."""

import pytest

from gatebench import cell_names, load_cell
from gatebench.backends.fused.emit.schedule import Pass, gather, schedule
from gatebench.derive.adjoint import adjoint
from gatebench.spec.expression import Expr, name


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


def test_products_that_are_added_up_become_one_dot() -> None:
    formula = (Expr("matmul", ("W", name("x[t]"))) + name("b")) + Expr("matmul_t", ("R", name("h[t-1]")))
    assert gather(formula) == name("b") + Expr("dot", (("W", "x[t]", False), ("R", "h[t-1]", True)))


@pytest.mark.parametrize(
    ("cell", "forward", "back"), [("lstm", 1, 1), ("gru", 1, 1), ("gru_before", 2, 2), ("lstm_fgr", 1, 1)]
)
def test_a_dependent_product_costs_a_pass(cell: str, forward: int, back: int) -> None:
    derived = adjoint(load_cell(cell).definitions)
    assert (len(schedule(derived.forward)), len(schedule(derived.step))) == (forward, back)
