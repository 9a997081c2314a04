from math import inf, nan

import pytest

from gatebench.report.figures.kinds.curves import bands
from gatebench.report.figures.task_trials import NothingToDrawError, TaskTrials
from tests.gatebench.report.figures.drawn_trials import drawn, outcome, task_trials


def with_curves(*curves: list[float], cells: int = 1) -> TaskTrials:
    outcomes = [outcome(f"cell {n}", seed) for n in range(cells) for seed in range(len(curves))]
    values = {one.digest: curves[one.seed] for one in outcomes}
    return task_trials(outcomes, curves={"val/accuracy": values})


def test_the_curve_of_a_cell_is_the_median_over_its_trials() -> None:
    band = bands(with_curves([0.1, 0.5], [0.2, inf], [0.6, 0.4]))["cell 0"]
    assert (band.x, band.trials) == ([0.0, 1.0], 3)
    assert band.median == pytest.approx([0.2, 0.45])


@pytest.mark.parametrize("curve", [[], [nan], [inf, nan]])
def test_cells_without_finite_values_are_left_out(curve: list[float]) -> None:
    with pytest.raises(NothingToDrawError, match="the values of val/accuracy in its epochs"):
        drawn("curves", with_curves(curve))


@pytest.mark.parametrize("cells", [1, 9])
def test_any_number_of_cells_is_drawn(cells: int) -> None:
    words = drawn("curves", with_curves([0.1, nan, 0.4], [0.2, 0.3, 0.5], cells=cells))
    assert {"epoch", "validation accuracy ↑", *(f"cell {n}" for n in range(cells))} <= set(words)
