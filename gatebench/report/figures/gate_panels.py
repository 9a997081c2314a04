"""Figures with axes for each gate of each cell: a row for each cell and layer, and a column for each role."""

from collections.abc import Callable, Mapping, Sequence

from matplotlib.axes import Axes

from gatebench.report.figures.gate_units import GateUnits, role_columns
from gatebench.report.figures.panel_grid import corner_text, panel_grid
from gatebench.report.figures.style import CellStyle, Drawing, cell_styles
from gatebench.report.figures.task_trials import TaskTrials

Draw = Callable[[Axes, GateUnits, CellStyle], None]
"""A function that draws the units of one gate into axes."""


def row_names(units: Sequence[GateUnits]) -> dict[tuple[str, int], str]:
    """Return {(cell, layer): name of its row}. The layer is a part of it if there are several."""
    several = len({one.layer for one in units}) > 1
    keys = dict.fromkeys((one.cell, one.layer) for one in units)
    return {(cell, layer): f"{cell}, layer {layer}" if several else cell for cell, layer in keys}


def gate_panels(
    trials: TaskTrials, units: Sequence[GateUnits], draw: Draw, height: float, **options: object
) -> Drawing:
    """Return the figure.

    Args:
        trials: the trials of the task.
        units: the units of the gates in the figure.
        draw: the function that draws the units of one gate.
        height: the height of a row in inches.
        options: further arguments of `Figure.subplots`.
    """
    styles, names = cell_styles(trials.cells, trials.colours), row_names(units)
    panels = {(names[one.cell, one.layer], one.role): _panel(draw, one, styles) for one in units}
    drawing = panel_grid(panels, list(names.values()), role_columns(units), height, **options)
    dash = " · –: no such gate, or a constant one" if len(panels) < len(drawing.axes) else ""
    drawing.caption(f"{trials.caption}{without_gates(trials, units)}{dash}")
    return drawing


def without_gates(trials: TaskTrials, units: Sequence[GateUnits]) -> str:
    """Return the end of a caption: the cells without a gate in the figure, and the number of trials without arrays."""
    present = {one.cell for one in units}
    absent = [cell for cell in trials.cells if cell not in present]
    missing = sum(one.digest not in trials.gates for own in trials.outcomes.values() for one in own)
    cells = f" · no such gate: {', '.join(absent)}" if absent else ""
    return f"{cells} · trials without gate arrays: {missing}" if missing else cells


def _panel(draw: Draw, units: GateUnits, styles: Mapping[str, CellStyle]) -> Callable[[Axes], None]:
    def panel(axes: Axes) -> None:
        draw(axes, units, styles[units.cell])
        corner_text(axes, units.label)

    return panel
