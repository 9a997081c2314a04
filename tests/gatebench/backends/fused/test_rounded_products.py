"""Products of factors rounded to bfloat16, in each form; against the reference in float64 with factors rounded too.

Both round the same numbers, up to errors of float32. Such an error can take a factor to the other neighbour in
bfloat16, one of about 2,000 factors. That one is then off by 2^-8, which changes a whole tensor by less than 1e-3. Half
of the tensors agree ten times better than they would without rounding.
"""

import platform
from collections.abc import Sequence
from dataclasses import replace
from statistics import median

import pytest
import torch
from torch import Tensor

from gatebench import Cell, Gate, cell_names, load_cell
from gatebench.backends import fused, reference
from gatebench.backends.contract import Backend, Workload
from gatebench.backends.fused import compiled_cell
from gatebench.backends.fused.compiled_cell import CompiledCell, compile_cell
from gatebench.backends.fused.emit.memory_layout import memory_layout
from gatebench.backends.fused.emit.product_form import ProductForm
from gatebench.errors import Refusal
from gatebench.machine import c_compiler
from tests.gatebench.backends.agree import draw, results
from tests.gatebench.backends.fused.rounded_forms import FORM_OF_THIS_MACHINE, FORMS, rounded_backend
from tests.gatebench.backends.fused.rounded_reference import round_the_reference

Sizes = tuple[int, int, int, int]

forms = pytest.mark.parametrize("form", FORMS)

KINDS = (
    "lstm_peephole",
    "lstm_cifg",
    "lstm_fgr",
    "lstm_attention_input",
    "slstm",
    "gru_before",
    "mut2",
    "janet",
    "indrnn",
    "minlstm",
)
"""Cells whose products differ: in number, operands and order. Compiling all others takes minutes."""


def distances(one: dict[str, Tensor], other: dict[str, Tensor]) -> dict[str, float]:
    """Return the norm of each difference, as a fraction of the norm; a tensor of zeros has distance 0 or infinity."""
    assert one.keys() == other.keys()
    norms = {name: float(value.norm()) for name, value in other.items()}
    return {
        name: float((one[name] - value).norm()) / norms[name] if norms[name] else float("inf") * bool(one[name].any())
        for name, value in other.items()
        if norms[name] or one[name].any()
    }


def assert_rounded(
    backend: Backend,
    cell: Cell,
    sizes: Sequence[tuple[Sizes, list[int] | None]],
    patch: pytest.MonkeyPatch,
) -> None:
    """Assert that a backend agrees with the reference whose factors are rounded, far better than the exact one does.

    Args:
        backend: the backend.
        cell: the cell.
        sizes: (T, B, I, H) and lengths.
        patch: undoes the rounding of the reference.
    """
    found: list[float] = []
    without: list[float] = []
    for shape, lengths in sizes:
        drawn, ends = draw(cell, *shape), None if lengths is None else torch.tensor(lengths)
        if ends is not None:
            drawn[1][torch.arange(shape[0])[:, None] >= ends] = 0.0
        exact = results(reference, cell, drawn, torch.float64, ends)
        with patch.context() as rounding:
            round_the_reference(rounding)
            wanted = results(reference, cell, drawn, torch.float64, ends)
        own = distances(results(backend, cell, drawn, torch.float32, ends), wanted)
        worst = max(own, key=lambda name: own[name])
        assert own[worst] <= 1e-3, f"{cell.name}: {worst} is off by {own[worst]:.1e}"
        found += own.values()
        without += distances(exact, wanted).values()
    assert median(found) <= median(without) / 10


@pytest.mark.parametrize("form", FORM_OF_THIS_MACHINE)
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in KINDS else pytest.mark.slow) for name in cell_names()]
)
def test_every_cell(name: str, form: ProductForm, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = rounded_backend(form, monkeypatch)
    assert_rounded(backend, load_cell(name), [((7, 5, 3, 20), None), ((9, 4, 5, 5), [9, 3, 1, 0])], monkeypatch)


@forms
@pytest.mark.parametrize("name", ["lstm", "gru", "mut1", "slstm", "lstm_attention_input"])
@pytest.mark.parametrize(
    "shape",
    [(1, 2, 1, 1), (3, 37, 1, 16), (5, 9, 65, 33), (5, 2, 40, 64), (2, 131, 9, 17)],
    ids=["least", "one number", "odd", "whole tiles", "several panels"],
)
def test_sizes(name: str, shape: Sizes, form: ProductForm, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_rounded(rounded_backend(form, monkeypatch), load_cell(name), [(shape, None)], monkeypatch)


@forms
def test_many_steps_go_round_the_ring(form: ProductForm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gatebench.backends.fused.gradients._RING_NUMBERS", 1)
    monkeypatch.setattr("gatebench.backends.fused.gradients._LEAST_ROWS", 1)
    backend = rounded_backend(form, monkeypatch)
    for name in ("lstm", "mut1", "gru_before"):
        assert_rounded(backend, load_cell(name), [((7, 3, 2, 5), None), ((6, 3, 9, 5), [6, 2, 5])], monkeypatch)


@forms
def test_a_cell_of_one_s_own_with_more_sums_than_registers(form: ProductForm, monkeypatch: pytest.MonkeyPatch) -> None:
    gates = {f"g{i}": Gate("tanh", recurrent=f"g{i - 1} * h" if i == 3 else "h") for i in range(6)}
    cell = Cell(
        name="many",
        source="test",
        states=("h",),
        gates=gates,
        update=lambda h, g0, g1, g2, g3, g4, g5: (g0 * g1 + g2 * h + g3 - g4 / (2 + g5),),
    )
    assert_rounded(rounded_backend(form, monkeypatch), cell, [((5, 7, 3, 9), None)], monkeypatch)


@forms
@pytest.mark.parametrize("name", ["lstm", "gru_before", "lstm_peephole", "mingru"])
@pytest.mark.parametrize("B", [70, 3])
def test_bit_for_bit_the_same_again_and_for_any_number_of_threads(
    name: str, B: int, form: ProductForm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gatebench.backends.fused.compiled_cell._SERIAL_OPERATIONS", 0)
    backend, drawn = rounded_backend(form, monkeypatch), draw(load_cell(name), 9, B, 3, 35)
    before = torch.get_num_threads()
    found: list[dict[str, Tensor]] = []
    try:
        for threads in (1, 2, 5, 2):
            torch.set_num_threads(threads)
            found.append(results(backend, load_cell(name), drawn, torch.float32))
    finally:
        torch.set_num_threads(before)
    for other in found[1:]:
        assert all(torch.equal(value, other[key]) for key, value in found[0].items())


@forms
def test_memory_that_is_kept_between_calls_is_never_read(form: ProductForm, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call with NaN fills the workspace with them, also where the next call has padding."""
    backend, cell = rounded_backend(form, monkeypatch), load_cell("lstm")
    drawn = draw(cell, 5, 3, 9, 17)
    before = results(backend, cell, drawn, torch.float32)
    weights, x, state = draw(cell, 5, 64, 40, 40)
    nan = ({name: w * float("nan") for name, w in weights.items()}, x, state)
    assert results(backend, cell, nan, torch.float32)["output"].isnan().all()
    after = results(backend, cell, drawn, torch.float32)
    assert all(torch.equal(value, after[key]) for key, value in before.items())


@forms
def test_one_sequence_and_float64_are_not_rounded(form: ProductForm, monkeypatch: pytest.MonkeyPatch) -> None:
    backend, cell = rounded_backend(form, monkeypatch), load_cell("gru")
    for shape, dtype in (((6, 1, 4, 9), torch.float32), ((6, 3, 4, 9), torch.float64)):
        plain = results(fused, cell, draw(cell, *shape), dtype)
        found = results(backend, cell, draw(cell, *shape), dtype)
        assert all(torch.equal(value, found[key]) for key, value in plain.items())


@forms
def test_a_nan_stays_in_its_sequence(form: ProductForm, monkeypatch: pytest.MonkeyPatch) -> None:
    cell = load_cell("lstm")
    weights, x, state = draw(cell, 5, 4, 3, 20)
    x[2, 1, 0] = float("nan")
    given = {name: w.float() for name, w in weights.items()}, x.float(), tuple(part.float() for part in state)
    output = rounded_backend(form, monkeypatch).run(cell, *given, None, False).output
    assert output[2:, 1].isnan().all()
    assert not output[:, [0, 2, 3]].isnan().any()
    assert not output[:2].isnan().any()


@forms
def test_in_programs_that_torch_traces(form: ProductForm, monkeypatch: pytest.MonkeyPatch) -> None:
    backend, cell = rounded_backend(form, monkeypatch), load_cell("lstm")
    weights, x, state = draw(cell, 3, 4, 2, 5)
    given = {name: w.float() for name, w in weights.items()}, x.float(), tuple(part.float() for part in state)
    output = backend.run(cell, *given, None, False).output
    mapped = torch.func.vmap(lambda one: backend.run(cell, given[0], one, given[2], None, False).output)(given[1][None])
    assert torch.equal(mapped[0], output)
    assert not torch.equal(output, fused.run(cell, *given, None, False).output)


@pytest.mark.parametrize("target", [["-mno-avx512f"], ["-march=x86-64"]], ids=["AVX2", "SSE2"])
@pytest.mark.parametrize("name", ["lstm_peephole", "gru_before"])
def test_machines_with_narrower_vectors(name: str, target: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    if platform.machine() != "x86_64":
        pytest.skip("the targets are those of x86-64")
    found = c_compiler.compiler()
    assert found is not None
    narrower = replace(found, flags=(*found.flags, *target, "-O1"))  # the C text for these vectors is what is tested
    monkeypatch.setattr(c_compiler, "compiler", lambda: narrower)
    monkeypatch.setattr(compiled_cell, "_compiled_cells", {})
    compile_cell.cache_clear()
    try:
        backend = rounded_backend(ProductForm.ROUNDED, monkeypatch)
        sizes: list[tuple[Sizes, list[int] | None]] = [((7, 13, 1, 21), [7, 3, 0] * 4 + [5]), ((5, 9, 3, 16), None)]
        assert_rounded(backend, load_cell(name), sizes, monkeypatch)
    finally:
        compile_cell.cache_clear()


def test_without_amx_tiles_are_refused_and_factors_are_rounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled_cell, "has_tiles", lambda: False)
    assert compiled_cell.rounded_form() is ProductForm.ROUNDED
    with pytest.raises(Refusal, match="the processor or the system has no AMX"):
        CompiledCell(memory_layout(load_cell("lstm").definitions), torch.float32, form=ProductForm.TILES)
    monkeypatch.setattr(compiled_cell, "has_tiles", lambda: True)
    assert compiled_cell.rounded_form() is ProductForm.TILES


def test_a_layer_is_refused_if_its_products_cannot_be_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    work = Workload(5, 3, 2, 4, products="bfloat16")
    assert fused.refuses(load_cell("lstm"), work) is None
    monkeypatch.setattr(fused, "compile_trouble", lambda *_, form: None if form is ProductForm.PLAIN else "No tiles.")
    assert fused.refuses(load_cell("lstm"), work) == "No tiles."
    assert fused.refuses(load_cell("lstm"), replace(work, products="")) is None
    assert fused.refuses(load_cell("lstm"), replace(work, dtype="float64")) is None
