"""The costs of a cell: number of parameters, FLOPs (floating-point operations), dependent matrix products.

In all functions, I is the input size and H the hidden size of one layer in one direction.
"""

from math import prod

from gatebench.spec.cell import Cell
from gatebench.spec.dated import X
from gatebench.spec.definitions import Definitions
from gatebench.spec.expression import FUNCTIONS, Expr, names, ordered
from gatebench.spec.widths import Widths, width

POINTWISE = {"add", "sub", "mul", "div", "neg", *FUNCTIONS}
"""The operations that `pointwise_flops` counts."""


def shapes(cell: Cell, I: int, H: int) -> dict[str, tuple[int, ...]]:  # noqa: E741
    """Return the shape of each weight by name: {"W.i": (H, I), "R.i": (H, H), "b.i": (H,), …}."""
    size = {"I": I, "H": H}
    return {name: tuple(size[axis] for axis in axes) for name, axes in cell.parameters.items()}


def parameters(cell: Cell, I: int, H: int) -> int:  # noqa: E741
    """Return the number of parameters: the elements of all weights. The LSTM has 4 (H I + H² + H).

    Examples:
        >>> from gatebench import load_cell
        >>> lstm = load_cell("lstm")
        >>> parameters(lstm, 8, 16), parameters(lstm.fix("i", 1), 8, 16)
        (1600, 1200)
    """
    return sum(prod(shape) for shape in shapes(cell, I, H).values())


def product_flops(cell: Cell, I: int, H: int) -> int:  # noqa: E741
    """Return the FLOPs of the matrix products: one time step, one sequence, forward pass.

    A multiply-add counts as 2 FLOPs, so a matrix of shape (m, n) costs 2 m n. The LSTM has 8 (H I + H²).
    """
    shape = shapes(cell, I, H)
    products = (node for node in ordered(cell.definitions.formulas.values()) if node.op == "matmul")
    return sum(2 * prod(shape[node.args[0]]) for node in products)


def pointwise_flops(cell: Cell, I: int, H: int) -> int:  # noqa: E741
    """Return the FLOPs of the elementwise operations: one time step, one sequence, forward pass.

    Each operation and each function counts as 1 FLOP per element. A formula that occurs twice counts once. A formula
    that depends on neither input nor state counts in each step, although a backend can compute it once for all steps.
    """
    size = {"I": I, "H": H}
    widths: dict[Expr, str] = {}
    for dated, formula in cell.definitions.formulas.items():
        _add_widths(formula, cell.definitions.widths[dated], cell.definitions.widths, widths)
    return sum(size[axis] for node, axis in widths.items() if node.op in POINTWISE)


def _add_widths(node: Expr, axis: str, known: Widths, widths: dict[Expr, str]) -> None:
    """Add the width of each node of a formula to `widths`; the formula itself has the width `axis`."""
    widths[node] = axis
    for operand in node.operands:
        _add_widths(operand, width(operand, known) if node.op == "matmul" else axis, known, widths)


def dependent_products(cell: Cell) -> int:
    """Return the number of matrix products of one time step that must be computed one after another.

    It is 0 for a scan, 1 for the LSTM, and 2 for a GRU with the reset gate before the product. Products that do not
    depend on the past do not count: they are computed for all time steps at once.

    Examples:
        >>> from gatebench import load_cell
        >>> [dependent_products(load_cell(name)) for name in ("mingru", "gru", "gru_before")]
        [0, 1, 2]
    """
    depths: dict[str, int] = {}
    for dated, formula in cell.definitions.formulas.items():
        depths[dated] = _depth(formula, depths, cell.definitions)
    return max(depths.values())


def _depth(node: Expr, depths: dict[str, int], definitions: Definitions) -> int:
    """Return the number of dependent products of a formula, given those of the equations before it."""
    operand_depth = max((_depth(operand, depths, definitions) for operand in node.operands), default=0)
    if node.op == "name":
        return depths.get(node.args[0], 0)
    is_dependent = node.op == "matmul" and depends_on_past(node.args[1], definitions)
    return operand_depth + 1 if is_dependent else operand_depth


def depends_on_past(node: Expr, definitions: Definitions) -> bool:
    """Return whether a formula reads a value of the step before, directly or through other equations.

    If it does not, it can be computed for all time steps at once, before the loop over time.
    """
    return any(
        read.is_previous or (read != X and depends_on_past(definitions.formulas[read], definitions))
        for read in names(node)
    )
