"""The C of a cell as text: the same every time, and what an ablation removed is not in it."""

import pytest

from gatebench import cell_names, load_cell
from gatebench.backends.fused.emit.memory_layout import memory_layout
from gatebench.backends.fused.emit.source import body


@pytest.mark.parametrize("cell", cell_names())
def test_text_is_whole_and_the_same_again(cell: str) -> None:
    memory_layout.cache_clear()
    text = body(memory_layout(load_cell(cell).definitions))
    memory_layout.cache_clear()
    assert body(memory_layout(load_cell(cell).definitions)) == text
    assert text.count("{") == text.count("}")
    for function in ("forward_steps", "backward_steps", "arriving_steps", "input_steps", "set_outer_sums"):
        assert text.count(f"static void {function}(") == 1
