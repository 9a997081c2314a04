"""The text of a cell's layer for JAX. It is generated without JAX."""

import ast

import pytest

from gatebench import build_cell, cell_names, load_cell
from gatebench.derive.cost import shapes
from gatebench.derive.tape import tape
from gatebench.speed.jax_source import FORMS, jax_source


@pytest.mark.parametrize("name", cell_names())
def test_every_weight_of_every_cell_is_read_and_the_text_is_python(name: str) -> None:
    cell = load_cell(name)
    source = jax_source(cell)
    read = {weight for product in source.matrices for weight in product} | set(source.vectors)
    assert read == set(shapes(cell, 3, 4))
    (function,) = (node for node in ast.parse(source.text).body if isinstance(node, ast.FunctionDef))
    assert [argument.arg for argument in function.args.args] == ["matrices", "vectors", "x", "state"]
    program = tape(cell.definitions)
    assert {line.op for line in (*program.hoisted, *program.looped)} <= {*FORMS, "matmul"}


def test_the_product_with_the_input_comes_before_the_loop() -> None:
    before, loop = jax_source(load_cell("lstm")).text.split("def step(state, early):")
    assert before.count(" @ matrices[0]") == 1
    assert loop.count(" @ matrices[1]") == 1
    assert "[1 * H, 2 * H, 3 * H]" in loop


def test_the_parts_of_a_product_may_have_two_widths() -> None:
    text = jax_source(load_cell("lstm_attention_input")).text
    assert "[1 * I, 1 * I + 1 * H, 1 * I + 2 * H, 1 * I + 3 * H]" in text


def test_an_ablation_has_its_own_text() -> None:
    ablated = jax_source(build_cell({"base": "lstm", "ablate": {"i": {"fix": 1}}}))
    assert "W.i" not in {weight for product in ablated.matrices for weight in product}
    assert ablated.text != jax_source(load_cell("lstm")).text
