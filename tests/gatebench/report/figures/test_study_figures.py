import warnings
from dataclasses import replace
from math import inf, nan
from typing import Any
from xml.etree import ElementTree

import pytest

from gatebench.colours import colours_of
from gatebench.outcome import Outcome
from gatebench.report.figures.study_figures import IN_SWEEP, study_figures
from gatebench.report.figures.task_trials import MOST_CELLS, trials_by_task
from tests.gatebench.report.figures.drawn_trials import outcome


def figures(outcomes: list[Outcome], curves: dict[str, list[float]] | None = None) -> dict[str, bytes]:
    """Return the figures, after a check that they are valid and were drawn without a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        colours = colours_of(one.cell for one in outcomes)
        tasks = trials_by_task(outcomes, [], colours, {"val/accuracy": curves or {}})
        drawn, _ = study_figures(tasks, IN_SWEEP)
    for picture in drawn.values():
        assert ElementTree.fromstring(picture).tag == "{http://www.w3.org/2000/svg}svg"
    return drawn


def test_a_study_has_five_figures_for_each_task() -> None:
    keep: dict[str, Any] = {"gate__l0__keep__f__mean": 0.7}
    outcomes = [outcome(c, s, task=task, **keep) for task in ("digits", "parity") for c in "ab" for s in range(3)]
    curves = {o.digest: [0.1, 0.3, 0.4 + 0.1 * o.seed] for o in outcomes}
    kinds = ["scores", "curves", "parameters", "keep", "coordinates"]
    assert list(figures(outcomes, curves)) == [f"{task}: {kind}" for task in ("digits", "parity") for kind in kinds]


def test_the_same_study_gives_the_same_bytes() -> None:
    outcomes = [outcome(cell, seed) for cell in "ab" for seed in range(2)]
    assert figures(outcomes) == figures(outcomes)


def test_what_has_no_data_has_no_figure() -> None:
    assert figures([]) == {}
    assert figures([replace(outcome("a", 0), metric=None)]) == {}
    assert figures([replace(outcome("a", 0), metrics={}, status="failed")]) == {}
    assert list(figures([outcome("a", 0)])) == ["digits: scores", "digits: parameters", "digits: coordinates"]


@pytest.mark.parametrize("score", [nan, inf])
def test_trials_without_a_finite_score_are_left_out(score: float) -> None:
    drawn = figures([outcome("a", 0), outcome("b", 0, score)], {"digits b 0": [0.1]})
    assert list(drawn) == ["digits: scores", "digits: parameters", "digits: coordinates"]


def test_a_test_score_that_is_missing_or_infinite_leaves_the_validation_scores() -> None:
    assert figures([outcome("a", 0), outcome("a", 1, test__accuracy=inf), outcome("b", 0, test__accuracy=nan)])


@pytest.mark.parametrize("curve", [[], [nan], [0.5], [0.1, nan, 0.3], [inf, 0.2]])
def test_curves_of_any_length_are_drawn(curve: list[float]) -> None:
    outcomes = [outcome("a", 0), outcome("a", 1)]
    drawn = figures(outcomes, {outcomes[0].digest: curve, outcomes[1].digest: [0.2, 0.4]})
    assert "digits: curves" in drawn


def test_trials_that_are_all_alike_are_drawn() -> None:
    alike: dict[str, Any] = {"best__val__accuracy": 1.0, "seconds": 1.0}
    assert len(figures([outcome("a", seed, 1.0, **alike) for seed in range(3)])) == 3


def test_many_cells_are_limited_and_their_names_are_text() -> None:
    outcomes = [outcome(f"<{index}> & $\\frac$", 0) for index in range(MOST_CELLS + 5)]
    assert figures(outcomes)
