import warnings
from dataclasses import replace
from math import inf, nan
from typing import Any
from xml.etree import ElementTree

import pytest

from gatebench.colours import colours_of
from gatebench.outcome import Outcome
from gatebench.report.figures.study_figures import MOST_CELLS, study_figures, value
from gatebench.task import Metric

ACCURACY = Metric("accuracy", "max", low=0.0, high=1.0)


def outcome(cell: str, seed: int, score: float = 0.5, /, *, task: str = "digits", **metrics: Any) -> Outcome:
    values = {
        "best/val/accuracy": score + 0.01 * seed,
        "test/accuracy": score,
        "parameters": 100.0 + len(cell),
        "seconds": 1.0 + seed,
        "flops/step": 1000.0,
        **{name.replace("__", "/"): value for name, value in metrics.items()},
    }
    key = f"{task} {cell} {seed}"
    return Outcome(key, cell, cell, task, seed, "finished", metrics=values, metric=ACCURACY, chance=0.1)


def figures(outcomes: list[Outcome], curves: dict[str, list[float]] | None = None) -> dict[str, bytes]:
    """Return the figures, after a check that they are valid and were drawn without a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        drawn = study_figures(outcomes, [], colours_of(o.cell for o in outcomes), curves or {})
    for picture in drawn.values():
        assert ElementTree.fromstring(picture).tag == "{http://www.w3.org/2000/svg}svg"
    return drawn


def test_a_study_has_five_figures_for_each_task() -> None:
    keep: dict[str, Any] = {"gate__l0__keep__f__mean": 0.7}
    outcomes = [outcome(c, s, task=task, **keep) for task in ("digits", "parity") for c in "ab" for s in range(3)]
    curves = {o.digest: [0.1, 0.3, 0.4 + 0.1 * o.seed] for o in outcomes}
    kinds = ["scores", "curves", "size", "gates", "parallel coordinates"]
    assert list(figures(outcomes, curves)) == [f"{task}: {kind}" for task in ("digits", "parity") for kind in kinds]


def test_the_same_study_gives_the_same_bytes() -> None:
    outcomes = [outcome(cell, seed) for cell in "ab" for seed in range(2)]
    assert figures(outcomes) == figures(outcomes)


def test_what_has_no_data_has_no_figure() -> None:
    assert figures([]) == {}
    assert figures([replace(outcome("a", 0), metric=None)]) == {}
    assert figures([replace(outcome("a", 0), metrics={}, status="failed")]) == {}
    assert list(figures([outcome("a", 0)])) == ["digits: scores", "digits: size", "digits: parallel coordinates"]


@pytest.mark.parametrize("score", [nan, inf])
def test_trials_without_a_finite_score_are_left_out(score: float) -> None:
    drawn = figures([outcome("a", 0), outcome("b", 0, score)], {"digits b 0": [0.1]})
    assert list(drawn) == ["digits: scores", "digits: size", "digits: parallel coordinates"]


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


def test_the_gate_that_keeps_has_another_letter_in_each_cell() -> None:
    keep: dict[str, Any] = {"gate/l0/keep/1-z/mean": 0.6}
    assert value(outcome("lstm", 0, gate__l0__keep__f__mean=0.7), "keep/l0") == 0.7
    assert value(outcome("gru", 0, **keep), "keep/l0") == 0.6
    assert value(outcome("lstm_no_forget", 0, gate__l0__keep__f__fixed=1.0), "keep/l0") == 1.0
    assert value(outcome("rnn", 0), "keep/l0") != value(outcome("rnn", 0), "keep/l0")  # NaN
    assert value(outcome("lstm", 0, gate__l1__keep__f__mean=0.7), "seconds") == 1.0
