"""List the cells, or show one with its equations and its cost.

gatebench cells
gatebench cells show lstm_no_input
gatebench cells show lstm cell.ablate.f.tie='1 - i'
"""

from collections.abc import Sequence

from gatebench.cells import cell_names, load_cell
from gatebench.derive.count import dependent_products, parameters, pointwise_flops, product_flops
from gatebench.derive.notation import latex, plain_text
from gatebench.errors import UserError, unknown
from gatebench.spec import Cell
from launch.columns import align

SIZE = 128
"""The width I of the input and H of the layer for which parameters and costs are shown."""


def run(argv: Sequence[str]) -> int:
    """Print the list, or one cell; return 0.

    Raises:
        UserError: there is no such cell or ablation.
    """
    if not argv:
        print(listing())
        return 0
    subject, *rest = argv
    if subject not in ("show", "-h", "--help"):
        raise unknown("subject of gatebench cells", subject, ["show"])
    if subject == "show" and not rest:
        raise UserError("gatebench cells show wants the name of a cell, as in gatebench cells show lstm.")
    from launch.arguments import ask  # Hydra is not needed for the list

    if subject != "show" or rest[0].startswith("-"):
        ask("cells", __doc__, ["--help"])
    name, *overrides = rest
    plan = ask("cells", __doc__, overrides, [name if "=" in name else f"cell={name}"])
    if plan is not None:
        print("\n\n".join(description(trial.build_cell()) for trial in plan.trials))
    return 0


def listing() -> str:
    """Return all cells, one a line."""
    rows = [("cell", "gates", "states", "parameters", "source")]
    for name in cell_names():
        cell = load_cell(name)
        rows.append((name, _gates(cell), " ".join(cell.states), f"{parameters(cell, SIZE, SIZE):,}", cell.source))
    return f"{align(rows, 'lllrl')}\n\nParameters of one layer with I = H = {SIZE}. More: gatebench cells show NAME"


def description(cell: Cell) -> str:
    """Return what there is to say about a cell: source, equations for people and for LaTeX, cost."""
    said = [f"{cell.name}: {cell.source or 'no source'}", cell.note, f"Digest of the equations: {cell.digest}"]
    counts = [
        ("parameters", parameters(cell, SIZE, SIZE)),
        ("FLOPs a step, matrix products", product_flops(cell, SIZE, SIZE)),
        ("FLOPs a step, pointwise", pointwise_flops(cell, SIZE, SIZE)),
        ("dependent matrix products a step", dependent_products(cell)),
    ]
    cost = align([(f"I = H = {SIZE}", ""), *((label, f"{count:,}") for label, count in counts)], "lr")
    return "\n\n".join(["\n".join(filter(None, said)), plain_text(cell), latex(cell), cost])


def _gates(cell: Cell) -> str:
    constants = cell.definitions.constants
    return " ".join(f"{gate}={constants[gate]:g}" if gate in constants else gate for gate in cell.gates)
