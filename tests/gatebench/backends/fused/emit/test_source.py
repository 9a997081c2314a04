"""The C of a cell as text: the same every time, and what an ablation removed is not in it."""

import pytest

from gatebench import cell_names, load_cell
from gatebench.backends.fused.emit.memory_layout import memory_layout
from gatebench.backends.fused.emit.source import body, declarations


@pytest.mark.parametrize("cell", cell_names())
def test_text_is_whole_and_the_same_again(cell: str) -> None:
    memory_layout.cache_clear()
    text = body(memory_layout(load_cell(cell).definitions))
    memory_layout.cache_clear()
    assert body(memory_layout(load_cell(cell).definitions)) == text
    assert text.count("{") == text.count("}")
    for function in ("forward_steps", "backward_steps", "arriving_steps", "input_steps", "gradient_jobs"):
        assert text.count(f"static void {function}(") == 1


def test_a_gate_less_is_a_quarter_of_the_weights_less() -> None:
    plain, ablated = (
        declarations(memory_layout(cell.definitions)) for cell in (load_cell("lstm"), load_cell("lstm").fix("i", 1))
    )
    assert "WEIGHTS = 8" in plain
    assert "WEIGHTS = 6" in ablated
