"""The C of a cell as text: the same every time, and what an ablation removed is not in it."""

import ast
from collections.abc import Iterator
from importlib.resources import files

import pytest
import torch

from gatebench import cell_names, load_cell
from gatebench.backends.fused.compiled_cell import source
from gatebench.backends.fused.emit.memory_layout import memory_layout
from gatebench.backends.fused.emit.product_form import ProductForm
from gatebench.backends.fused.emit.source import body


@pytest.mark.parametrize("form", ProductForm)
@pytest.mark.parametrize("cell", cell_names())
def test_text_is_whole_and_the_same_again(cell: str, form: ProductForm) -> None:
    memory_layout.cache_clear()
    text = body(memory_layout(load_cell(cell).definitions), form)
    memory_layout.cache_clear()
    assert body(memory_layout(load_cell(cell).definitions), form) == text
    assert text.count("{") == text.count("}")
    for function in ("forward_steps", "backward_steps", "arriving_steps", "input_steps", "set_outer_sums"):
        assert text.count(f"static void {function}(") == 1


def samples() -> Iterator[tuple[str, str, list[str]]]:
    """Give, for each sample of C in a docstring: the place, the cell, and the parts between lines `...`."""
    for path in sorted((files("gatebench.backends.fused") / "emit").iterdir(), key=lambda path: path.name):
        if not path.name.endswith(".py"):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            text = ast.get_docstring(node) if isinstance(node, ast.FunctionDef | ast.ClassDef) else None
            _, found, after = (text or "").partition("Sample for ")
            if found:
                cell, _, sample = after.partition("::\n\n")
                yield f"{path.name}:{getattr(node, 'name', '')}", cell, sample.partition("\n\n")[0].split("...")


def flat(text: str) -> str:
    return "\n".join(line.strip() for line in text.strip().splitlines())


@pytest.mark.parametrize(("cell", "parts"), [pytest.param(*sample[1:], id=sample[0]) for sample in samples()])
def test_the_samples_in_docstrings_are_emitted(cell: str, parts: list[str]) -> None:
    cell, _, form = cell.partition(", ")  # "lstm", or "lstm, tiles" for another form of products than the usual one
    by_rows = cell == "minlstm"
    layout = memory_layout(load_cell(cell).definitions, recompute=by_rows)
    text = flat(source(layout, torch.float32, by_rows, ProductForm(form or "plain")))
    assert all(map(flat, parts))
    for part in parts:
        assert flat(part) in text


def test_there_are_samples() -> None:
    assert len(list(samples())) > 12
