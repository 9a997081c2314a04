"""List the cells, show one with its equations and its cost, or draw one.

gatebench cells                             all of them; format=markdown for a Markdown table
gatebench cells show lstm_no_input
gatebench cells show lstm cell.ablate.f.tie='1 - i'
gatebench cells draw lstm_nig > lstm_nig.svg
gatebench cells draw lstm cell.ablate.i.fix=1 format=dot
"""

from collections.abc import Sequence

from gatebench.cells import build_cell, cell_names, load_cell
from gatebench.derive.affine import scannable
from gatebench.derive.cost import dependent_products, parameters, pointwise_flops, product_flops
from gatebench.derive.equations import latex, plain_text
from gatebench.diagram.diagram import Diagram, diagram
from gatebench.diagram.graphviz import dot
from gatebench.diagram.svg import svg
from gatebench.errors import UserError, unknown
from gatebench.spec.cell import Cell
from gatebench.trial import Trial
from launch.display.text_columns import align

SIZE = 128
"""The width I of the input and H of the layer for which parameters and costs are shown."""

SUBJECTS = ("show", "draw")
COLUMNS = ("cell", "gates", "states", "parameters", "products", "scan", "backends", "source")
SIDES = "lllrrlll"

FOOTER = f"""\
parameters: of one layer with I = H = {SIZE}. products: matrix products of a step that wait for one another.
backends: those that run this cell besides manual and reference, which run every cell, and fused, which runs every cell
on the CPU where there is a C compiler (as scan does)."""


def run(argv: Sequence[str]) -> int:
    """Print the list, or one cell; return 0.

    Raises:
        UserError: there is no such cell or ablation, or no such format.
    """
    if not argv or argv[0].startswith("format="):
        wanted, rest = _format(argv, ("text", "markdown"))
        if rest:
            raise unknown("argument of the list of cells", rest[0], ["format=text", "format=markdown"])
        print(listing() if wanted == "text" else markdown())
        return 0
    subject, *rest = argv
    if subject not in (*SUBJECTS, "-h", "--help"):
        raise unknown("subject of gatebench cells", subject, SUBJECTS)
    wanted, rest = _format(rest, ("svg", "dot")) if subject == "draw" else ("", rest)
    if subject in SUBJECTS and not rest:
        raise UserError(f"gatebench cells {subject} wants the name of a cell, as in gatebench cells {subject} lstm.")
    from launch.config.arguments import parse_plan  # Hydra is not needed for the list

    if subject not in SUBJECTS or rest[0].startswith("-"):
        parse_plan("cells", __doc__, ["--help"])
    name, *overrides = rest
    plan = parse_plan("cells", __doc__, overrides, [name if "=" in name else f"cell={name}"])
    if plan is None:
        return 0
    if subject == "show":
        print("\n\n".join(description(trial.build_cell()) for trial in plan.trials))
    elif len(plan.trials) > 1:
        raise UserError(f"These are {len(plan.trials)} cells; gatebench cells draw draws one at a time.")
    else:
        picture = drawn(plan.trials[0])
        print(svg(picture) if wanted == "svg" else dot(picture), end="")
    return 0


def _format(argv: Sequence[str], allowed: Sequence[str]) -> tuple[str, list[str]]:
    """Return the format that is asked for, the first unless one is, and the other arguments."""
    wanted = [text.removeprefix("format=") for text in argv if text.startswith("format=")]
    for each in wanted:
        if each not in allowed:
            raise unknown("format", each, allowed)
    return (wanted or allowed)[-1 if wanted else 0], [text for text in argv if not text.startswith("format=")]


def listing() -> str:
    """Return all cells, one a line, and what the columns mean."""
    return f"{align([COLUMNS, *rows()], SIDES)}\n\n{FOOTER}\nMore: gatebench cells show NAME, gatebench cells draw NAME"


def markdown() -> str:
    """Return all cells as a Markdown table, and what the columns mean."""
    rules = ["---:" if side == "r" else "---" for side in SIDES]
    lines = [[f"`{name}`", *others] for name, *others in rows()]
    table = "\n".join(f"| {' | '.join(_escaped(text) for text in line)} |" for line in [COLUMNS, rules, *lines])
    return f"{table}\n\n{FOOTER}"


def rows() -> list[tuple[str, ...]]:
    """Return the table of cells: a text for each of `COLUMNS`. Nothing is compiled for it."""
    from gatebench.backends import native, scan  # torch, which no plan needs

    table: list[tuple[str, ...]] = []
    for name in cell_names():
        cell = load_cell(name)
        affine = scannable(cell)
        backends = [native.NAME] * (native.kernel(cell) is not None) + [scan.NAME] * affine
        counts = (f"{parameters(cell, SIZE, SIZE):,}", str(dependent_products(cell)))
        names = (name, _gates(cell), " ".join(cell.states))
        table.append((*names, *counts, "yes" if affine else "–", " ".join(backends) or "–", cell.source))
    return table


def drawn(trial: Trial) -> Diagram:
    """Return the diagram of a trial's cell, with what it lacks of its base."""
    return diagram(trial.build_cell(), build_cell({"base": trial.cell["base"]}))


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


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")
