from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from gatebench.errors import UserError
from tasks.series.timestamps import TimeAxis, read_timestamp, time_axis


def axis_of(texts: Sequence[str]) -> TimeAxis:
    times = [read_timestamp(text, None) for text in texts]
    axis = time_axis(times, range(2, 2 + len(times)), "x.csv")
    assert axis is not None
    return axis


def times_every(step: timedelta, count: int = 20) -> list[str]:
    return [str(datetime(2020, 1, 1) + i * step) for i in range(count)]


@pytest.mark.parametrize(
    ("text", "pattern", "time"),
    [
        ("2020-02-03", None, datetime(2020, 2, 3)),
        (" 2020-02-03 04:05:06 ", None, datetime(2020, 2, 3, 4, 5, 6)),
        ("2020-02-03T04:05:06.5", None, datetime(2020, 2, 3, 4, 5, 6, 500_000)),
        ("2020-02-03T04:05:06Z", None, datetime(2020, 2, 3, 4, 5, 6)),
        ("2020-02-03T04:05:06+02:00", None, datetime(2020, 2, 3, 2, 5, 6)),
        ("1949-01", None, datetime(1949, 1, 1)),
        ("20200203", None, datetime(2020, 2, 3)),
        ("01.02.2020 00:10:00", "%d.%m.%Y %H:%M:%S", datetime(2020, 2, 1, 0, 10)),
    ],
)
def test_formats_of_times(text: str, pattern: str | None, time: datetime) -> None:
    assert read_timestamp(text, pattern) == time


@pytest.mark.parametrize("text", ["", "AAPL", "01/02/2020", "2020-13", "2020-02-30", "0001-01-01T00:00:00+02:00"])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  (the caller writes the message)
        read_timestamp(text, None)


@pytest.mark.parametrize("pattern", ["%d.%m.%Y", "%", "%Q", "%Y-%Y", "%c %x"])
def test_times_of_another_format_are_refused(pattern: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  (the caller writes the message)
        read_timestamp("2020-02-03", pattern)


@pytest.mark.parametrize(
    ("step", "season"),
    [
        (timedelta(minutes=10), 144),
        (timedelta(minutes=15), 96),
        (timedelta(hours=1), 24),
        (timedelta(days=1), 7),
        (timedelta(days=7), None),
        (timedelta(minutes=7), None),
        (timedelta(milliseconds=500), 172_800),
    ],
)
def test_the_season_follows_from_the_step(step: timedelta, season: int | None) -> None:
    axis = axis_of(times_every(step))
    assert (axis.season, axis.is_regular, axis.in_months) == (season, True, False)


@pytest.mark.parametrize(
    ("texts", "season"),
    [
        ([f"{1950 + i // 12}-{1 + i % 12:02}" for i in range(30)], 12),
        ([f"{1950 + i // 4}-{1 + 3 * (i % 4):02}" for i in range(30)], 4),
        (["2020-01-31", "2020-02-29", "2020-03-31", "2020-04-30", "2020-05-31"], 12),
        ([f"{year}-01-01" for year in range(1990, 2000)], None),
    ],
)
def test_months_are_regular_although_their_days_are_not(texts: list[str], season: int | None) -> None:
    axis = axis_of(texts)
    assert (axis.season, axis.is_regular, axis.in_months) == (season, True, True)


def test_four_weeks_are_not_a_month() -> None:
    axis = axis_of(times_every(timedelta(days=28)))
    assert not axis.in_months
    assert axis.is_regular


def test_the_usual_step_is_the_most_frequent_one() -> None:
    axis = axis_of(["2020-01-01", "2020-01-02", "2020-01-05", "2020-01-06"])
    assert axis.describe(axis.usual_step) == "1 day"
    assert not axis.is_regular
    assert axis.season == 7


def test_fewer_than_two_times_give_no_time_axis() -> None:
    assert time_axis([], [], "x.csv") is None
    assert time_axis([datetime(2020, 1, 1)], [2], "x.csv") is None


@pytest.mark.parametrize("last", ["2020-01-02", "2020-01-01", "2019-01-01"])
def test_rows_out_of_order_are_refused_by_line(last: str) -> None:
    with pytest.raises(UserError) as caught:
        axis_of(["2020-01-01", "2020-01-02", last])
    assert str(caught.value) == (
        f"x.csv has {last} 00:00:00 in line 4 after 2020-01-02 00:00:00 in the row before; "
        "its rows must be in order of time."
    )
