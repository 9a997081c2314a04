from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebench.errors import UserError
from tasks.series.csv_series import CsvRows
from tasks.series.gaps import carried_rows, carry_forward, check_regular, fill_missing_values
from tasks.series.timestamps import TimeAxis, time_axis

NAN = float("nan")


def rows(*values: tuple[float, float]) -> CsvRows:
    return CsvRows(("a", "b"), np.array(values), (), range(2, 2 + len(values)))


def axis(*days: float) -> TimeAxis:
    found = time_axis([datetime(2020, 1, 1) + timedelta(day) for day in days], range(2, 2 + len(days)), "x.csv")
    assert found is not None
    return found


@given(st.lists(st.booleans(), min_size=1, max_size=30))
def test_missing_values_are_replaced_by_the_last_value(missing: list[bool]) -> None:
    values = np.arange(len(missing), dtype=float)[:, None]
    filled = carry_forward(values, np.array(missing)[:, None])[:, 0]
    last = 0
    for row, absent in enumerate(missing):
        last = last if absent else row
        assert filled[row] == last


def test_each_column_is_filled_by_itself() -> None:
    found = fill_missing_values(rows((1, 2), (NAN, 3), (4, -9), (5, 6)), -9, True, "x.csv")
    assert found.tolist() == [[1, 2], [1, 3], [4, 3], [5, 6]]


def test_complete_series_are_unchanged() -> None:
    assert fill_missing_values(rows((1, 2), (3, -9)), None, False, "x.csv").tolist() == [[1, 2], [3, -9]]


@pytest.mark.parametrize("sentinel", [None, -9.0])
def test_missing_values_are_refused_with_the_line_of_the_first(sentinel: float | None) -> None:
    absent = NAN if sentinel is None else sentinel
    with pytest.raises(UserError) as caught:
        fill_missing_values(rows((1, 2), (3, absent), (5, absent)), sentinel, False, "x.csv")
    assert str(caught.value) == (
        "Column 'b' of x.csv lacks 2 of 3 values, the first one in line 3; "
        "task.missing=carry replaces each by the last value before it."
    )


def test_a_missing_value_in_the_first_row_is_refused() -> None:
    with pytest.raises(
        UserError, match=r"^Column 'b' of x\.csv begins with a missing value, so that task\.missing=carry"
    ):
        fill_missing_values(rows((1, NAN), (3, 4)), None, True, "x.csv")


def test_missing_rows_are_replaced_by_the_last_row() -> None:
    lines = range(2, 8)
    assert carried_rows(axis(0, 1, 2, 5, 6), lines, "x.csv").tolist() == [0, 1, 2, 2, 2, 3, 4]
    assert carried_rows(axis(0, 1, 2, 3), lines, "x.csv").tolist() == [0, 1, 2, 3]


def test_missing_rows_are_refused_with_the_line_of_the_first_gap() -> None:
    check_regular(axis(0, 1, 2), range(2, 5), "x.csv")
    with pytest.raises(UserError) as caught:
        check_regular(axis(0, 1, 2, 5, 6, 7, 9), range(2, 9), "x.csv")
    assert str(caught.value) == (
        "x.csv has rows that are not 1 day apart, 2 of 7, the first one in line 5, 3 days after the "
        "row before; task.gaps=carry repeats the last row in place of missing ones, task.gaps=ignore takes the rows as "
        "evenly spaced."
    )


def test_a_gap_that_is_not_a_multiple_of_the_step_is_refused() -> None:
    with pytest.raises(UserError, match=r"line 5 that is 1 day, 12:00:00 after the row before, not a multiple of the "):
        carried_rows(axis(0, 1, 2, 3.5), range(2, 6), "x.csv")


def test_more_missing_rows_than_rows_are_refused() -> None:
    with pytest.raises(UserError, match=r"^x\.csv has 4 rows and lacks 999,997, too many for task\.gaps=carry\.$"):
        carried_rows(axis(0, 1, 2, 1_000_000), range(2, 6), "x.csv")
