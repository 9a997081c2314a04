"""List the cells, show a cell with its equations, the roles of its gates and its cost, or draw a cell.

  gatebench cells                             all cells; format=markdown for a Markdown table
  gatebench cells show lstm_no_input
  gatebench cells show lstm cell.ablate.f.tie='1 - i'
  gatebench cells draw lstm_nig > lstm_nig.svg
  gatebench cells draw lstm cell.ablate.i.fix=1 format=dot
  gatebench cells --config-dir mine           also the cells in the folder mine/cell

Parts that an ablation removed are grey in the drawing.
"""

from collections.abc import Sequence
from math import isfinite

from gatebench.backends.selective import SELECTIVE
from gatebench.cells import build_cell, cell_names, load_cell
from gatebench.derive.affine import scannable
from gatebench.derive.bounds import gate_ranges
from gatebench.derive.cost import dependent_products, parameters, pointwise_flops, product_flops
from gatebench.derive.equations import latex, plain_text
from gatebench.derive.roles import roles
from gatebench.diagram.diagram import Diagram, diagram
from gatebench.diagram.graphviz import dot
from gatebench.diagram.svg import svg
from gatebench.errors import UserError, unknown
from gatebench.spec.cell import Cell
from gatebench.spec.expression import spell
from gatebench.trial import Trial
from launch.config.options import split_options
from launch.config.user_files import cell_files
from launch.display.text_columns import align

SIZE = 128
"""The width I of the input and H of the layer for which parameters and costs are computed."""

SUBJECTS = ("show", "draw")
COLUMNS = ("cell", "gates", "states", "parameters", "products", "scan", "backends", "source")
SIDES = "lllrrlll"

FOOTER = f"""\
parameters: of one layer with I = H = {SIZE}. products: matrix products of a step that depend on each other.
backends: of the backends that run only some of the cells, those that run this one. The others run every cell."""


def run(argv: Sequence[str]) -> int:
    """Print the list of cells, the description of a cell or its diagram; return 0.

    Raises:
        UserError: there is no such cell, ablation or format.
    """
    words, options = split_options(argv)
    if not words or words[0].startswith("format="):
        _print_list(words, options)
        return 0
    subject, *rest = words
    if subject not in SUBJECTS:
        raise unknown("subject", subject, SUBJECTS, where="of gatebench cells")
    picture_format, rest = _split_format(rest, ("svg", "dot")) if subject == "draw" else ("", rest)

    from launch.config.arguments import parse_arguments, parse_plan  # Hydra is not needed for the list

    if not rest:
        parse_arguments("cells", __doc__, options)
        raise UserError(f"gatebench cells {subject} needs the name of a cell, as in gatebench cells {subject} lstm.")
    name, *overrides = rest
    plan = parse_plan("cells", __doc__, [*overrides, *options], [name if "=" in name else f"cell={name}"])
    if plan is None:
        return 0
    if subject == "show":
        print("\n\n".join(description(trial.build_cell()) for trial in plan.trials))
    else:
        _print_diagram(plan.trials, picture_format)
    return 0


def _print_list(words: Sequence[str], options: Sequence[str]) -> None:
    """Print the list of cells as text or Markdown."""
    list_format, rest = _split_format(words, ("text", "markdown"))
    if rest:
        raise unknown("argument", rest[0], ["format=text", "format=markdown"], where="of the list of cells")
    cells = _cells_of(options) if options else _shipped_cells()
    if cells is not None:
        print(listing(cells) if list_format == "text" else markdown(cells))


def _cells_of(options: Sequence[str]) -> list[Cell] | None:
    """Return the cells of the list with those of `--config-dir`, sorted; None if the options print something else."""
    from launch.config.arguments import parse_arguments, parse_plan

    arguments = parse_arguments("cells", __doc__, options)
    if arguments.cfg is not None:
        parse_plan("cells", __doc__, options)
        return None
    cells = {cell.name: cell for cell in _shipped_cells()}
    for path in cell_files(arguments.config_dir) if arguments.config_dir else ():
        cells.pop(path.stem, None)
        cell = load_cell(path)
        cells[cell.name] = cell
    return [cells[name] for name in sorted(cells)]


def _shipped_cells() -> list[Cell]:
    return [load_cell(name) for name in cell_names()]


def _print_diagram(trials: Sequence[Trial], picture_format: str) -> None:
    """Print the diagram of the cell of a single trial as SVG or Graphviz."""
    if len(trials) > 1:
        raise UserError(f"These are {len(trials)} cells; gatebench cells draw draws one at a time.")
    picture = cell_diagram(trials[0])
    print(svg(picture) if picture_format == "svg" else dot(picture), end="")


def _split_format(argv: Sequence[str], allowed: Sequence[str]) -> tuple[str, list[str]]:
    """Return the value of the last argument `format=`, by default the first allowed one, and the other arguments."""
    formats = [argument.removeprefix("format=") for argument in argv if argument.startswith("format=")]
    for name in formats:
        if name not in allowed:
            raise unknown("format", name, allowed)
    others = [argument for argument in argv if not argument.startswith("format=")]
    return (formats[-1] if formats else allowed[0]), others


def listing(cells: Sequence[Cell] | None = None) -> str:
    """Return the table of some cells, by default all of gatebench, as text, with the meaning of the columns."""
    table = align([COLUMNS, *rows(_shipped_cells() if cells is None else cells)], SIDES)
    return f"{table}\n\n{FOOTER}\nMore: gatebench cells show NAME, gatebench cells draw NAME"


def markdown(cells: Sequence[Cell] | None = None) -> str:
    """Return the table of some cells, by default all of gatebench, in Markdown, with the meaning of the columns."""
    rules = ["---:" if side == "r" else "---" for side in SIDES]
    lines = [[f"`{name}`", *others] for name, *others in rows(_shipped_cells() if cells is None else cells)]
    table = "\n".join(f"| {' | '.join(_escaped(text) for text in line)} |" for line in [COLUMNS, rules, *lines])
    return f"{table}\n\n{FOOTER}"


def rows(cells: Sequence[Cell]) -> list[tuple[str, ...]]:
    """Return the rows of the table of cells: a text for each of `COLUMNS`. No cell is compiled."""
    table: list[tuple[str, ...]] = []
    for cell in cells:
        name = cell.name
        can_scan = scannable(cell)
        backends = [backend for backend, refusal in SELECTIVE.items() if refusal(cell) is None]
        table.append(
            (
                name,
                _gates(cell),
                " ".join(cell.states),
                f"{parameters(cell, SIZE, SIZE):,}",
                str(dependent_products(cell)),
                "yes" if can_scan else "–",
                " ".join(backends) or "–",
                cell.source,
            )
        )
    return table


def cell_diagram(trial: Trial) -> Diagram:
    """Return the diagram of a trial's cell. It also shows the parts of the base cell that the ablation removes."""
    return diagram(trial.build_cell(), build_cell({"base": trial.cell["base"]}))


def description(cell: Cell) -> str:
    """Return the description of a cell: its source, its equations as text and in LaTeX, its gates' roles, its cost."""
    heading = [f"{cell.name}: {cell.source or 'no source'}", cell.note, f"Digest of the equations: {cell.digest}"]
    counts = [
        ("parameters", parameters(cell, SIZE, SIZE)),
        ("FLOPs a step, matrix products", product_flops(cell, SIZE, SIZE)),
        ("FLOPs a step, pointwise", pointwise_flops(cell, SIZE, SIZE)),
        ("dependent matrix products a step", dependent_products(cell)),
    ]
    cost = align([(f"I = H = {SIZE}", ""), *((label, f"{count:,}") for label, count in counts)], "lr")
    return "\n\n".join(["\n".join(filter(None, heading)), plain_text(cell), latex(cell), gate_table(cell), cost])


def gate_table(cell: Cell) -> str:
    """Return a line for each gate: its roles and the range of its values.

    Examples:
        >>> print(gate_table(load_cell("ligru")))
        gate  role                     values
        ------------------------------------------
        r     reset (r)                1
        z     keep (z), write (1 − z)  from 0 to 1
        n     candidate (n)            at least 0
    """
    labels: dict[str, list[str]] = {gate: [] for gate in cell.gates}
    for role in roles(cell):
        labels[role.gate].append(role.label)
    constants, ranges = cell.definitions.constants, gate_ranges(cell)
    lines = [("gate", "role", "values")]
    for gate, own in labels.items():
        if gate in constants:
            values = spell(constants[gate])
        else:
            values = _range_text(*ranges[gate]) if gate in ranges else "not computed, because nothing reads it"
        lines.append((gate, ", ".join(own) or "–", values))
    return align(lines, "lll")


def _range_text(least: float, most: float) -> str:
    """Return an interval in words."""
    if isfinite(least) and isfinite(most):
        return f"from {least:.4g} to {most:.4g}"
    if isfinite(least):
        return f"at least {least:.4g}"
    return f"at most {most:.4g}" if isfinite(most) else "unbounded"


def roles_text(cell: Cell) -> str:
    """Return the roles of a cell's gates in one line: "keep (z), write (1 − z), reset (r) = 1, candidate (n)"."""
    return ", ".join(
        role.label if role.fixed is None else f"{role.label} = {spell(role.fixed)}" for role in roles(cell)
    )


def _gates(cell: Cell) -> str:
    """Return the names of the gates; a gate that is fixed to a constant with its value."""
    constants = cell.definitions.constants
    return " ".join(f"{gate}={constants[gate]:g}" if gate in constants else gate for gate in cell.gates)


def _escaped(text: str) -> str:
    """Return the text of a Markdown cell."""
    return text.replace("|", "\\|")
