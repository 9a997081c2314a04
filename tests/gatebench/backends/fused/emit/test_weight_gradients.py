"""How the blocks of weight gradients are dealt out."""

import pytest

from gatebench import cell_names, load_cell
from gatebench.backends.fused.emit.memory_layout import memory_layout
from gatebench.backends.fused.emit.weight_gradients import outer_sums_text, weights_text


@pytest.mark.parametrize("name", cell_names())
def test_every_weight_that_is_learnt_is_written_once_and_then_added_to(name: str) -> None:
    layout = memory_layout(load_cell(name).definitions)
    text = weights_text(layout)
    learnt = {outer.weight for outer in layout.derived.outers} | set(layout.derived.sums)
    for number, weight in enumerate(layout.shapes):
        calls = [line for line in text.splitlines() if f"(a->gradient[{number}]," in line]
        assert bool(calls) == (weight in learnt)
        assert all(line.endswith(", 1);") for line in calls[1:])
        assert not calls or not calls[0].endswith(", 1);")


def test_a_job_knows_what_it_multiplies() -> None:
    layout = memory_layout(load_cell("lstm").definitions)
    assert outer_sums_text(layout).count("(OuterSum){") == len(layout.outer_sums)
