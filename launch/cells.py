"""List the cells, show a cell with its equations, the roles of its gates and its cost, or draw a cell.

  gatebench cells                             all cells; format=markdown for a Markdown table
  gatebench cells show lstm_no_input
  gatebench cells show lstm cell.ablate.f.tie='1 - i'
  gatebench cells draw lstm_nig > lstm_nig.svg
  gatebench cells draw lstm cell.ablate.i.fix=1 format=dot
  gatebench cells --config-dir mine           also the cells in the folder mine/cell

Parts that an ablation removed are grey in the drawing. Below the list are the architectures that are no cells, but can
be chosen in their place, as in cell=lstm,attention.
"""

from collections.abc import Sequence
from math import isfinite

from gatebench.backends.selective import SELECTIVE
from gatebench.cells import ARCHITECTURES, build_cell, cell_names, load_cell, load_compared
from gatebench.derive.affine import scannable
from gatebench.derive.architecture_cost import architecture_parameters
from gatebench.derive.bounds import gate_ranges
from gatebench.derive.cost import dependent_products, parameters, pointwise_flops, product_flops
from gatebench.derive.equations import latex, plain_text
from gatebench.derive.roles import roles
from gatebench.diagram.diagram import Diagram, diagram
from gatebench.diagram.graphviz import dot
from gatebench.diagram.svg import svg
from gatebench.errors import UserError, unknown
from gatebench.spec.architecture import Architecture
from gatebench.spec.cell import Cell
from gatebench.spec.expression import spell
from gatebench.trial import Trial
from launch.config.options import split_options
from launch.config.user_files import cell_files, check_folder
from launch.display.text_columns import align

SIZE = 128
"""The width I of the input and H of the layer for which parameters and costs are computed."""

STEPS = 100
"""The number of steps for which the parameters of an architecture are counted."""

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
        print("\n\n".join(_description(trial.build_compared()) for trial in plan.trials))
    else:
        _print_diagram(plan.trials, picture_format)
    return 0


def _print_list(words: Sequence[str], options: Sequence[str]) -> None:
    """Print the list of cells as text or Markdown."""
    list_format, rest = _split_format(words, ("text", "markdown"))
    if rest:
        raise unknown("argument", rest[0], ["format=text", "format=markdown"], where="of the list of cells")
    compared = _compared_of(options) if options else [*_shipped_cells(), *ARCHITECTURES.values()]
    if compared is None:
        return
    cells = [one for one in compared if isinstance(one, Cell)]
    print(listing(cells) if list_format == "text" else markdown(cells))
    print(f"\n{architecture_list([one for one in compared if isinstance(one, Architecture)])}")


def _compared_of(options: Sequence[str]) -> list[Cell | Architecture] | None:
    """Return the list with the cells of `--config-dir`, sorted; None if the options print something else."""
    from launch.config.arguments import parse_arguments, parse_plan

    arguments = parse_arguments("cells", __doc__, options)
    if arguments.cfg is not None:
        parse_plan("cells", __doc__, options)
        return None
    found: dict[str, Cell | Architecture] = {cell.name: cell for cell in _shipped_cells()}
    found |= ARCHITECTURES
    if arguments.config_dir:
        check_folder(arguments.config_dir)
    for path in cell_files(arguments.config_dir) if arguments.config_dir else ():
        found.pop(path.stem, None)
        one = load_compared(path)
        found[one.name] = one
    return [found[name] for name in sorted(found)]


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


def architecture_list(architectures: Sequence[Architecture]) -> str:
    """Return a line for each architecture that is no cell: its name, its options and its source."""
    lines = [
        f"  {one.name} ({', '.join(f'{key}={spelt(value)}' for key, value in one.options.items())}): {one.source}"
        for one in architectures
    ]
    return "\n".join(["Not cells, without gates, but chosen in their place:", *lines])


def spelt(value: object) -> str:
    """Return the value of an option as in a config."""
    return "null" if value is None else str(value)


def _description(compared: Cell | Architecture) -> str:
    """Return the description of a cell, or of an architecture that is no cell."""
    if isinstance(compared, Cell):
        return description(compared)
    options = align([("option", "value"), *((name, spelt(value)) for name, value in compared.options.items())], "ll")
    size = architecture_parameters(compared, SIZE, SIZE, 1, 1, STEPS)
    cost = f"Parameters of a layer with I = H = {SIZE} for {STEPS} steps: {size:,}"
    heading = [f"{compared.name}: {compared.source}", compared.note, "Not a cell: it has no gates."]
    return "\n\n".join(["\n".join([*heading, f"Digest: {compared.digest}"]), options, cost])


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
