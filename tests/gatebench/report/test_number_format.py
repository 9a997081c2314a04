"""How numbers are written."""

import pytest

from gatebench.measures.comparisons import Comparison
from gatebench.measures.estimates import Estimate
from gatebench.report.number_format import count_text, number_format, one_line, p_text, score_title, seconds_text
from gatebench.task import Metric


@pytest.mark.parametrize(
    ("metric", "values", "expected", "title"),
    [
        (Metric("accuracy", "max"), [0.9231], "92.31 ± 0.46", "accuracy % ↑"),
        (Metric("error_rate", "min"), [0.0769], "92.31 ± 0.46", "error rate % ↓"),
        (Metric("accuracy", "max", "points"), [0.9231], "0.9231 ± 0.0046", "accuracy points ↑"),
        (Metric("mse", "min"), [0.621, 2.5], "0.923 ± 0.005", "mse ↓"),
        (Metric("loss", "min", "nats"), [0.02], "0.92310 ± 0.00460", "loss nats ↓"),
        (Metric("perplexity", "min"), [120.0, 98.0], "0.9 ± 0.0", "perplexity ↓"),
        (Metric("mse", "min"), [0.0], "0.923 ± 0.005", "mse ↓"),
        (Metric("mse", "min"), [], "0.923 ± 0.005", "mse ↓"),
    ],
)
def test_a_metric_is_written_as_its_unit_and_size_ask(
    metric: Metric, values: list[float], expected: str, title: str
) -> None:
    notes = number_format(metric, values)
    assert notes.estimate(Estimate(0.9231, 0.9185, 0.9277, 5)) == expected
    assert score_title(metric, notes.unit) == title


def test_a_difference_has_a_sign_and_the_number_of_its_pairs_where_it_is_odd() -> None:
    percent = number_format(Metric("accuracy", "max"), [0.9])
    assert percent.difference(Estimate(-0.0045, -0.0075, -0.0015, 5), 5) == "−0.45 ± 0.30"
    assert percent.difference(Estimate(0.0045, None, None, 1), 5) == "+0.45 (n=1)"
    assert percent.difference(Estimate(-1e-9, -1e-9, -1e-9, 5), 5) == "+0.00 ± 0.00"
    assert percent.number(-0.5) == "−50.00"


@pytest.mark.parametrize(
    ("p_corrected", "attainable", "expected"),
    [(0.0394, True, "0.039"), (0.0004, True, "< 0.001"), (1.0, True, "1.000"), (0.0625, False, "n too small")],
)
def test_a_p_that_could_not_be_small_is_not_shown(p_corrected: float, attainable: bool, expected: str) -> None:
    comparison = Comparison("all", None, 0.01, p_corrected, 0.01, attainable, None, by_rank=False, n=(5, 5))
    assert p_text(comparison) == expected


def test_counts_and_seconds() -> None:
    assert [count_text(None), count_text(17640), seconds_text(None)] == ["–", "17,640", "–"]
    assert [seconds_text(value) for value in (0.01234, 3.256, 98.4, 1234.5)] == ["0.0123", "3.26", "98", "1,234"]


def test_one_line_keeps_what_can_be_seen() -> None:
    assert one_line(" a\x1b[2J\n\tb\u2028c ± σ ") == "a [2J b c ± σ"
