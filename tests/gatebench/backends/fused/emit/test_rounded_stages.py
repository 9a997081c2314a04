"""One stage as C whose products have rounded operands."""

import re

import pytest

from gatebench import load_cell
from gatebench.backends.fused.emit.memory_layout import MemoryLayout, memory_layout
from gatebench.backends.fused.emit.product_form import ProductForm
from gatebench.backends.fused.emit.rounded_stages import rounded_stage_text

ROUNDED_FORMS = (ProductForm.ROUNDED, ProductForm.TILES)


def layout(cell: str) -> MemoryLayout:
    return memory_layout(load_cell(cell).definitions)


@pytest.mark.parametrize("form", ROUNDED_FORMS)
def test_a_stage_rounds_packs_and_runs_under_its_name(form: ProductForm) -> None:
    own = layout("lstm")
    text = rounded_stage_text(own, "back", own.backward[0], form)
    assert all(f"back_{part}(" in text for part in ("panel", "round", "pack", "reals", "run"))
    assert text.count("round_rows(") == len(own.backward[0].operands) == 4
    assert ("add_tile_products(" in text) == (form is ProductForm.TILES)


@pytest.mark.parametrize("form", ROUNDED_FORMS)
def test_at_the_last_step_there_is_no_delta_of_the_step_after_it(form: ProductForm) -> None:
    own = layout("lstm")
    text = rounded_stage_text(own, "back", own.backward[0], form)
    assert text.count("if (t + 1 < a->T) round_rows(") == 4
    assert "t + 1 < a->T ? a->H : 0" in text


def test_tiles_take_the_sums_in_pairs_and_each_product_once() -> None:
    """The GRU has four sums of products in its forward step; x and h are in three of them each."""
    own = layout("gru")
    text = rounded_stage_text(own, "step", own.forward[0], ProductForm.TILES)
    assert text.count("zero_sums();") == 2
    calls = re.findall(r"add_tile_products\(both, (-?\d), (-?\d),", text)
    weights = [int(number) for call in calls for number in call if number != "-1"]
    assert sorted(weights) == [0, 0, 1, 1, 2, 2]
    assert len(calls) == len(re.findall(r"/\* (?:x\[t\]|h\[t-1\]) \*/\n +add_tile_products", text))


def test_a_stage_without_products_uses_no_tiles() -> None:
    own = layout("indrnn")
    stages = [stage for stage in (*own.forward, *own.backward) if not stage.dots]
    assert stages
    for stage in stages:
        text = rounded_stage_text(own, "stage", stage, ProductForm.TILES)
        assert "begin_tiles" not in text
        assert "END_TILES" not in text
