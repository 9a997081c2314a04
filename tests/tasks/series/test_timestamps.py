from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from gatebench.errors import UserError
from tasks.series.timestamps import Clock, read_clock, read_timestamp


def clock_of(texts: Sequence[str]) -> Clock:
    times = [read_timestamp(text, None) for text in texts]
    clock = read_clock(times, range(2, 2 + len(times)), "x.csv")
    assert clock is not None
    return clock


def every(step: timedelta, count: int = 20) -> list[str]:
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
def test_times_in_their_forms(text: str, pattern: str | None, time: datetime) -> None:
    assert read_timestamp(text, pattern) == time


@pytest.mark.parametrize("text", ["", "AAPL", "01/02/2020", "2020-13", "2020-02-30", "0001-01-01T00:00:00+02:00"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  (the caller makes the sentence)
        read_timestamp(text, None)


@pytest.mark.parametrize("pattern", ["%d.%m.%Y", "%", "%Q", "%Y-%Y", "%c %x"])
def test_what_is_of_another_form_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  (the caller makes the sentence)
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
def test_season_is_told_by_the_step(step: timedelta, season: int | None) -> None:
    clock = clock_of(every(step))
    assert (clock.season, clock.is_even, clock.monthly) == (season, True, False)


@pytest.mark.parametrize(
    ("texts", "season"),
    [
        ([f"{1950 + i // 12}-{1 + i % 12:02}" for i in range(30)], 12),
        ([f"{1950 + i // 4}-{1 + 3 * (i % 4):02}" for i in range(30)], 4),
        (["2020-01-31", "2020-02-29", "2020-03-31", "2020-04-30", "2020-05-31"], 12),
        ([f"{year}-01-01" for year in range(1990, 2000)], None),
    ],
)
def test_months_are_even_though_their_days_are_not(texts: list[str], season: int | None) -> None:
    clock = clock_of(texts)
    assert (clock.season, clock.is_even, clock.monthly) == (season, True, True)


def test_four_weeks_are_no_month() -> None:
    clock = clock_of(every(timedelta(days=28)))
    assert not clock.monthly
    assert clock.is_even


def test_usual_is_the_most_common_step() -> None:
    clock = clock_of(["2020-01-01", "2020-01-02", "2020-01-05", "2020-01-06"])
    assert clock.describe(clock.usual) == "1 day, 0:00:00"
    assert not clock.is_even
    assert clock.season == 7


def test_no_clock_without_two_times() -> None:
    assert read_clock([], [], "x.csv") is None
    assert read_clock([datetime(2020, 1, 1)], [2], "x.csv") is None


@pytest.mark.parametrize("last", ["2020-01-02", "2020-01-01", "2019-01-01"])
def test_rows_out_of_order_are_refused_by_line(last: str) -> None:
    with pytest.raises(UserError) as caught:
        clock_of(["2020-01-01", "2020-01-02", last])
    assert str(caught.value) == (
        f"x.csv has {last} 00:00:00 in line 4 after 2020-01-02 00:00:00 in the row before; "
        "its rows must be in order of time."
    )
