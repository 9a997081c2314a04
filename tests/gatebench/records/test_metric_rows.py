import sys
from math import inf, nan

import pytest
from mlflow.exceptions import MlflowException
from mlflow.utils.validation import _validate_metric_name

from gatebench.errors import UserError
from gatebench.records.metric_rows import latest_rows, metric_rows

RUN = "0" * 32


def test_nan_and_infinity_are_stored_as_numbers() -> None:
    rows = metric_rows(RUN, [("a", nan, 1, 2), ("b", inf, 1, 2), ("c", -inf, 1, 2), ("d", 0.5, 1, 2)])
    most = sys.float_info.max
    assert [row[1] for row in rows] == [0.0, most, -most, 0.5]
    assert [row[4] for row in rows] == [True, False, False, False]
    assert rows[3] == ("d", 0.5, 1, 2, False, RUN)


def test_the_latest_row_has_the_last_step_then_time_then_value() -> None:
    given = [("a", 1.0, 5, 2), ("a", 9.0, 9, 1), ("b", 1.0, 4, 3), ("b", 2.0, 5, 3), ("c", 2.0, 5, 3), ("c", 1.0, 5, 3)]
    latest = {row[0]: row[1:4] for row in latest_rows(metric_rows(RUN, given))}
    assert latest == {"a": (1.0, 5, 2), "b": (2.0, 5, 3), "c": (2.0, 5, 3)}
    assert latest_rows([]) == []


NAMES = [
    "a",
    "gate/l0/f/p90",
    "a b",
    "ä:1",
    "",
    ".",
    "..",
    "../a",
    "..a",
    "/a",
    "a/",
    "a//b",
    "a/../b",
    "./a",
    "a;b",
    "a'",
]


@pytest.mark.parametrize("name", NAMES)
def test_the_names_are_those_that_mlflow_allows(name: str) -> None:
    try:
        _validate_metric_name(name)
        is_allowed = name != ""
    except MlflowException:
        is_allowed = False
    if is_allowed:
        assert metric_rows(RUN, [(name, 1.0, 1, 1)])
    else:
        with pytest.raises(UserError, match="is not the name of a metric"):
            metric_rows(RUN, [(name, 1.0, 1, 1)])
