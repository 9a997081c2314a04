import csv
import json
from io import BytesIO, StringIO
from math import inf, nan

import pytest
from pyarrow import parquet

from gatebench.report.trials.files import TRIAL_FORMATS, trials_csv, trials_json, trials_parquet
from gatebench.report.trials.rows import Value

ROWS: list[dict[str, Value]] = [
    {"cell": 'lstm "1"', "seed": 0, "score": 0.1 + 0.2, "params.a": True, "facts.b": "é,\nü"},
    {"cell": "gru", "seed": 1, "score": None, "params.a": False, "facts.b": None},
]


def test_csv_is_read_back() -> None:
    read = list(csv.DictReader(StringIO(trials_csv(ROWS).decode(), newline="")))
    assert read == [
        {"cell": 'lstm "1"', "seed": "0", "score": repr(0.1 + 0.2), "params.a": "true", "facts.b": "é,\nü"},
        {"cell": "gru", "seed": "1", "score": "", "params.a": "false", "facts.b": ""},
    ]


def test_json_is_read_back_and_has_no_infinity() -> None:
    assert json.loads(trials_json(ROWS)) == ROWS
    assert json.loads(trials_json([{"a": inf, "b": nan, "c": -1.5}])) == [{"a": None, "b": None, "c": -1.5}]


def test_parquet_is_read_back_with_types_and_infinity() -> None:
    table = parquet.read_table(BytesIO(trials_parquet(ROWS)))
    assert table.to_pylist() == ROWS
    assert [str(field.type) for field in table.schema] == ["string", "int64", "double", "bool", "string"]
    assert parquet.read_table(BytesIO(trials_parquet([{"a": inf}]))).to_pylist() == [{"a": inf}]


@pytest.mark.parametrize("name", sorted(TRIAL_FORMATS))
def test_no_trials_are_a_valid_file(name: str) -> None:
    assert TRIAL_FORMATS[name]([])
