"""One cell's compiled code: shared by equal equations, and run on as many threads as pay."""

import re
from dataclasses import replace
from typing import Any

import pytest
import torch

from gatebench import load_cell
from gatebench.backends import fused
from gatebench.backends.contract import Workload
from gatebench.backends.fused import compiled_cell
from gatebench.backends.fused.compiled_cell import CompiledCell, compile_cell, raise_error, source
from gatebench.backends.fused.emit.memory_layout import memory_layout
from gatebench.backends.fused.emit.product_form import ProductForm
from gatebench.backends.fused.emit.rows import can_run_by_rows
from gatebench.backends.fused.layer import run_cell
from gatebench.backends.registry import choose
from gatebench.errors import Refusal
from gatebench.machine.c_compiler import compiler, load
from tests.gatebench.backends.agree import draw
from tests.gatebench.backends.fused.rounded_forms import FORMS


def test_cells_with_the_same_equations_share_their_code() -> None:
    one, other = (compile_cell(load_cell(name).definitions, torch.float64) for name in ("lstm", "lstm_b"))
    assert one is other


def test_little_work_one_sequence_and_a_fork_get_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = compile_cell(load_cell("lstm").definitions, torch.float64)
    much = compiled.sizes(784, 64, 1, 128)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 5)
    assert compiled._threads(much) == (5 if compiled.threaded else 1)
    assert compiled._threads(compiled.sizes(1, 2, 1, 128)) == 1
    assert compiled._threads(compiled.sizes(784, 1, 1, 128)) == 1
    monkeypatch.setattr(compiled_cell, "is_fork", lambda: True)
    assert compiled._threads(much) == 1


# -O1 finds unset variables too, and takes less time. What -O3 makes of the code is tested by running it.
WARNINGS = ("-O1", "-Wall", "-Wextra", "-Wshadow", "-Werror", "-Wno-unknown-pragmas")


def flags_added(monkeypatch: pytest.MonkeyPatch, *flags: str) -> None:
    """Compile with further flags, of which the last ones hold."""
    found = compiler()
    assert found is not None
    other = replace(found, flags=(*found.flags, *flags))
    monkeypatch.setattr("gatebench.machine.c_compiler.compiler", lambda: other)


@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        ("lstm", torch.float32),
        ("gru_before", torch.float64),
        ("lstm_peephole", torch.float32),
        ("mut2", torch.float64),
        ("slstm", torch.float32),
        ("minlstm", torch.float32),
        ("minlstm", torch.float64),
        ("indrnn", torch.float64),
    ],
)
def test_the_compiler_has_no_warnings(name: str, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    """One cell of each family; those that can be run by rows have a second source. The dtype is one type name in it."""
    flags_added(monkeypatch, *WARNINGS)
    for by_rows in (False, True):
        layout = memory_layout(load_cell(name).definitions, by_rows)
        if not by_rows or can_run_by_rows(layout):
            load(source(layout, dtype, by_rows), "fused")


@pytest.mark.parametrize("name", ["gru_before", "lstm_peephole", "slstm"])
@pytest.mark.parametrize("form", FORMS)
def test_the_compiler_has_no_warnings_for_rounded_products(
    name: str, form: ProductForm, monkeypatch: pytest.MonkeyPatch
) -> None:
    flags_added(monkeypatch, *WARNINGS)
    load(source(memory_layout(load_cell(name).definitions), torch.float32, form=form), "fused")


def test_a_cell_that_cannot_be_compiled_is_refused_and_auto_asks_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    cell, work = load_cell("lstm"), Workload(5, 2, 1, 3)
    monkeypatch.setattr(compiled_cell, "_compiled_cells", {})
    monkeypatch.setattr(compiled_cell, "source", lambda *_: "this is not C")
    for cached in (compiled_cell.compile_cell, compiled_cell.compile_trouble):
        cached.cache_clear()
    assert "could not be compiled" in (fused.refuses(cell, work) or "")
    assert choose("auto", cell, work).NAME == "native"
    for cached in (compiled_cell.compile_cell, compiled_cell.compile_trouble):
        cached.cache_clear()


def test_only_what_runs_by_rows_has_code_for_a_narrow_input() -> None:
    lstm, minlstm = (load_cell(name).definitions for name in ("lstm", "minlstm"))
    assert compile_cell(lstm, torch.float64, by_rows=True) is compile_cell(lstm, torch.float64)
    assert compile_cell(minlstm, torch.float64, by_rows=True).by_rows


def test_a_library_with_another_layout_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled_cell, "layout_of", lambda call: [8])
    with pytest.raises(Refusal, match="its arguments have another layout in memory") as refused:
        CompiledCell(memory_layout(load_cell("lstm").definitions), torch.float64)
    assert str(refused.value).count(". ") == 0


@pytest.mark.parametrize(
    ("cell", "by_rows_", "removed", "message"),
    [
        ("lstm", False, r"case \d+: forward0_0_block\(.*", "no code for a block of this many sequences"),
        ("lstm", False, r"case \d+: backward0_0_block\(.*", "no code for a block of this many sequences"),
        ("lstm", False, r"OUTER_CASES\(OUTER_CASE, VECTORS_OF_DELTA\)", "weight gradients with this many units"),
        ("lstm", False, r"case 0: return 4 \* .*", "a block of weight gradients without code"),
        ("lstm_peephole", False, r"case 0: return a->H;", "a pointwise weight that it lacks"),
        ("minlstm", True, r"case 2: forward_of_width\(.*", "no code for an x of this width; it has code for 1 to 4"),
        ("minlstm", True, r"case 2: backward_of_width\(.*", "no code for an x of this width; it has code for 1 to 4"),
    ],
)
def test_a_switch_without_the_case_is_an_error(
    cell: str, by_rows_: bool, removed: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The C text loses one kind of cases; the call reports it and Python raises."""

    def without_cases(*given: Any) -> str:
        text, count = re.subn(removed, "", source(*given))
        assert count
        return text

    monkeypatch.setattr(compiled_cell, "source", without_cases)
    flags_added(monkeypatch, "-O1")  # a call that ends in an error needs no fast code
    compiled = CompiledCell(memory_layout(load_cell(cell).definitions, by_rows_), torch.float64, by_rows_)
    weights, x, state = draw(load_cell(cell), 3, 2, 2, 5)
    with pytest.raises(RuntimeError, match=message):
        torch.autograd.backward(
            run_cell("fused", compiled, weights, x.requires_grad_(), state, None, False).output.sum()
        )


def test_an_x_that_is_too_wide_is_an_error() -> None:
    compiled = compile_cell(load_cell("minlstm").definitions, torch.float64, by_rows=True)
    weights, x, state = draw(load_cell("minlstm"), 3, 2, 5, 5)
    with pytest.raises(RuntimeError, match="no code for an x of this width"):
        run_cell("scan", compiled, weights, x, state, None, False)


def test_error_codes_are_exceptions() -> None:
    with pytest.raises(MemoryError, match="no memory for the packed weights"):
        raise_error(1)
    with pytest.raises(RuntimeError, match="unknown error 99"):
        raise_error(99)
