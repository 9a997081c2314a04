"""Summaries over shapes."""

import json

import pytest

from gatebench.speed.shape import Shape
from gatebench.speed.summary import recordings, speeds
from gatebench.speed.timed_row import Ratio, TimedRow

SMALL, MIDDLE, LARGE = Shape(1, 1, 1, 1), Shape(2, 2, 2, 2), Shape(3, 3, 3, 3)


def row(
    shape: Shape, threads: int, *ratios: Ratio, recording: float | None = None, candidate: str = "fused"
) -> TimedRow:
    return TimedRow("gru", shape, threads, candidate, recording is not None, ratios=ratios, recording=recording)


def test_the_mean_is_geometric_and_the_extremes_have_their_shapes() -> None:
    rows = [row(SMALL, 1, Ratio("torch", 2.0)), row(MIDDLE, 1, Ratio("torch", 8.0)), row(LARGE, 1, Ratio("torch", 4.0))]
    (found,) = speeds(rows)
    assert found.mean == pytest.approx(4.0)
    assert (found.shapes, found.least, found.least_at, found.greatest, found.greatest_at) == (3, 2, SMALL, 8, MIDDLE)
    assert json.loads(json.dumps(found.to_dict()))["least_at"] == {"T": 1, "B": 1, "I": 1, "H": 1}


def test_threads_and_baselines_are_separate_and_numbers_of_threads_are_side_by_side() -> None:
    rows = [
        row(SMALL, 1, Ratio("torch", 2.0), Ratio("torch plain", 3.0)),
        row(SMALL, 2, Ratio("torch", 4.0), Ratio("torch plain", 5.0)),
        row(LARGE, 1),
    ]
    assert [(one.against, one.threads, one.least, one.shapes) for one in speeds(rows)] == [
        ("torch", 1, 2.0, 1),
        ("torch", 2, 4.0, 1),
        ("torch plain", 1, 3.0, 1),
        ("torch plain", 2, 5.0, 1),
    ]


def test_the_time_added_by_recording_is_summarised_too() -> None:
    (found,) = recordings([row(SMALL, 1, recording=1.21), row(LARGE, 1, recording=1.0), row(LARGE, 1)])
    assert found.mean == pytest.approx(1.1)
    assert (found.least_at, found.greatest_at) == (LARGE, SMALL)
