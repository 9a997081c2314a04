"""The derived backward pass as formulas: what is kept, and that nothing is left out."""

import gatebench.derive.adjoint as module
from gatebench import cell_names, load_cell
from gatebench.derive.adjoint import adjoint
from gatebench.derive.prefixes import DX
from gatebench.spec.expression import Expr


def test_the_lstm_keeps_its_four_gates() -> None:
    derived = adjoint(load_cell("lstm").definitions)
    assert derived.saved == ("i[t]", "f[t]", "g[t]", "o[t]")


def test_a_removed_gate_is_neither_kept_nor_multiplied() -> None:
    derived = adjoint(load_cell("lstm").fix("i", 1).definitions)
    assert derived.saved == ("f[t]", "g[t]", "o[t]")
    assert not any(outer.weight.endswith(".i") for outer in derived.outers)


def test_a_tied_gate_is_computed_again_and_a_state_that_is_a_gate_is_kept_once() -> None:
    assert "f[t]" not in adjoint(load_cell("lstm_cifg").definitions).saved
    rnn = adjoint(load_cell("rnn_tanh").definitions)
    assert rnn.saved == ()
    assert rnn.forward.aliases == {"n[t]": "h[t]"}


def test_what_only_the_input_determines_can_be_computed_again() -> None:
    definitions = load_cell("mingru").definitions
    assert adjoint(definitions).saved == ("z[t]", "n[t]")
    assert adjoint(definitions, recompute=True).saved == ("z[t]",)


def test_a_product_of_what_is_kept_reads_what_is_kept() -> None:
    derived = adjoint(load_cell("mut3").definitions, recompute=True)
    assert any(name.startswith("q") for name in derived.saved)
    assert {o.operand for o in derived.outers} >= {name for name in derived.saved if name.startswith("q0")}


def test_every_weight_has_a_gradient() -> None:
    for cell in map(load_cell, cell_names()):
        derived = adjoint(cell.definitions)
        assert {o.weight for o in derived.outers} | set(derived.sums) == set(cell.parameters)


LEVELS = {"add": 1, "sub": 1, "mul": 2, "matmul": 3, "matmul_t": 3}


def written(node: Expr, least: int = 0) -> str:
    """Return a formula as the docstring of `adjoint` writes it."""
    if node.op == "const":
        return f"{node.args[0]:g}"
    if node.op in ("name", "param"):
        return str(node.args[0])
    level = LEVELS.get(node.op, 4)
    match node.op:
        case "matmul":
            text = f"{node.args[0]} {written(node.args[1])}"
        case "matmul_t":
            text = f"{node.args[0]}ᵀ {written(node.args[1])}"
        case "mul" if node.operands[0] == node.operands[1]:
            text = f"{written(node.operands[0], 4)}²"
        case "add" | "sub" | "mul":
            sign = {"add": "+", "sub": "-", "mul": "⊙"}[node.op]
            text = f" {sign} ".join(written(o, level) for o in node.operands)
        case _:
            text = f"{node.op}({', '.join(map(written, node.operands))})"
    return f"({text})" if level < least else text


def test_the_docstring_shows_the_lstm() -> None:
    derived = adjoint(load_cell("lstm").definitions)
    shown = " ".join((module.__doc__ or "").split())
    skipped = {"f[t]", "o[t]", "g[t]"}  # said in words
    for formulas in (derived.forward.formulas, derived.backward.formulas, {DX: derived.input}):
        for name, formula in formulas.items():
            assert name in skipped or f"{name} = {written(formula)} " in shown
