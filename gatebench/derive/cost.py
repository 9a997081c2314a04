"""What a cell costs: parameters, floating-point operations, dependent products. I input, H hidden."""

from math import prod

from gatebench.spec.cell import Cell
from gatebench.spec.dated import X
from gatebench.spec.definitions import Definitions
from gatebench.spec.expression import FUNCTIONS, Expr, names, ordered
from gatebench.spec.widths import Widths, width

POINTWISE = {"add", "sub", "mul", "div", "neg", *FUNCTIONS}


def shapes(cell: Cell, I: int, H: int) -> dict[str, tuple[int, ...]]:  # noqa: E741
    """Return the shape of every weight by name."""
    size = {"I": I, "H": H}
    return {name: tuple(size[axis] for axis in axes) for name, axes in cell.parameters.items()}


def parameters(cell: Cell, I: int, H: int) -> int:  # noqa: E741
    """Return the number of weights of one layer in one direction.

    Examples:
        >>> from gatebench import load_cell
        >>> lstm = load_cell("lstm")
        >>> parameters(lstm, 8, 16), parameters(lstm.fix("i", 1), 8, 16)
        (1600, 1200)
    """
    return sum(prod(shape) for shape in shapes(cell, I, H).values())


def product_flops(cell: Cell, I: int, H: int) -> int:  # noqa: E741
    """Return the FLOPs of one step's matrix products for one sequence, forward; a multiply-add counts as 2."""
    shape = shapes(cell, I, H)
    products = (node for node in ordered(cell.definitions.formulas.values()) if node.op == "matmul")
    return sum(2 * prod(shape[node.args[0]]) for node in products)


def pointwise_flops(cell: Cell, I: int, H: int) -> int:  # noqa: E741
    """Return the pointwise operations of one step for one sequence, forward; each function counts as 1.

    What occurs twice is computed once; what neither input nor state enters is counted as if it were computed each step.
    """
    size = {"I": I, "H": H}
    widths: dict[Expr, str] = {}
    for name, formula in cell.definitions.formulas.items():
        _collect(formula, cell.definitions.widths[name], cell.definitions.widths, widths)
    return sum(size[wide] for node, wide in widths.items() if node.op in POINTWISE)


def _collect(node: Expr, wide: str, known: Widths, found: dict[Expr, str]) -> None:
    """Put the nodes of a formula of width `wide` into `found`, with their widths."""
    found[node] = wide
    for operand in node.operands:
        _collect(operand, width(operand, known) if node.op == "matmul" else wide, known, found)


def dependent_products(cell: Cell) -> int:
    """Return how many matrix products of one step wait for one another: 0 for a scan, 1 for LSTM, 2 for reset before.

    Products of the input alone do not count: they are computed for all steps at once.

    Examples:
        >>> from gatebench import load_cell
        >>> [dependent_products(load_cell(name)) for name in ("mingru", "gru", "gru_before")]
        [0, 1, 2]
    """
    depth: dict[str, int] = {}
    for name, formula in cell.definitions.formulas.items():
        depth[name] = _depth(formula, depth, cell.definitions)
    return max(depth.values())


def _depth(node: Expr, depth: dict[str, int], definitions: Definitions) -> int:
    below = max((_depth(operand, depth, definitions) for operand in node.operands), default=0)
    if node.op == "name":
        return depth.get(node.args[0], 0)
    return below + 1 if node.op == "matmul" and depends_on_past(node.args[1], definitions) else below


def depends_on_past(node: Expr, definitions: Definitions) -> bool:
    """Return whether a formula needs the last step, directly or through what it reads; if not, it can be hoisted."""
    return any(
        read.is_previous or (read != X and depends_on_past(definitions.formulas[read], definitions))
        for read in names(node)
    )
