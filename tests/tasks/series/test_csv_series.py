from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gatebench.errors import UserError
from tasks.series import csv_series
from tasks.series.csv_series import CsvFormat, CsvRows, read_csv

FORMAT = CsvFormat(target="a", inputs=None, date=None, date_format=None, separator=",", encoding="utf-8")


def read(folder: Path, text: str | bytes, **changes: object) -> CsvRows:
    (folder / "x.csv").write_bytes(text.encode() if isinstance(text, str) else text)
    return read_csv(folder / "x.csv", replace(FORMAT, **changes))  # type: ignore[arg-type]


def test_the_target_is_the_first_column_and_dates_are_separate(tmp_path: Path) -> None:
    rows = read(tmp_path, "date,b,a,c\n2020-01-01,1,2,3\n2020-01-02,4,5e-1,-6\n")
    assert rows.columns == ("a", "b", "c")
    assert rows.values.tolist() == [[2, 1, 3], [0.5, 4, -6]]
    assert rows.times == [datetime(2020, 1, 1), datetime(2020, 1, 2)]
    assert rows.lines == [2, 3]


def test_without_dates_every_column_is_a_number(tmp_path: Path) -> None:
    rows = read(tmp_path, "b,a\n1,2\n3,4\n")
    assert (rows.columns, rows.values.tolist(), rows.times) == (("a", "b"), [[2, 1], [4, 3]], [])


def test_the_first_column_may_be_the_target(tmp_path: Path) -> None:
    assert read(tmp_path, "a,b\n1,2\n").columns == ("a", "b")


@pytest.mark.parametrize("inputs", [["c", "b"], ["b", "c", "a"]])
def test_named_inputs_are_in_the_files_order(tmp_path: Path, inputs: list[str]) -> None:
    rows = read(tmp_path, "date,name,b,c,a\n2020-01-01,AAPL,1,2,3\n", inputs=inputs)
    assert (rows.columns, rows.values.tolist()) == (("a", "b", "c"), [[3, 1, 2]])
    assert len(rows.times) == 1


def test_without_inputs_the_target_is_the_only_column(tmp_path: Path) -> None:
    assert read(tmp_path, "date,b,a\n2020-01-01,x,3\n", inputs=[]).columns == ("a",)


def test_dates_in_another_column_and_another_format(tmp_path: Path) -> None:
    text = "a;when;b\n1;01.02.2020 00:10:00;2\n"
    rows = read(tmp_path, text, date="when", date_format="%d.%m.%Y %H:%M:%S", separator=";")
    assert rows.times == [datetime(2020, 2, 1, 0, 10)]
    assert rows.columns == ("a", "b")


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffa,b\r\n1,2\r\n\r\n3,4\r\n",
        '"a","b"\n"1","2"\n"3","4"',
        " a , b \n 1 , 2 \n3,4\n\n\n",
    ],
)
def test_other_spellings_of_a_file_give_the_same_values(tmp_path: Path, text: str) -> None:
    rows = read(tmp_path, text)
    assert (rows.columns, rows.values.tolist()) == (("a", "b"), [[1, 2], [3, 4]])


@pytest.mark.parametrize("text", ["", "nan", "NaN", "NA", "n/a", "null", "None", "-", "?", "  "])
def test_missing_values_are_nan(tmp_path: Path, text: str) -> None:
    rows = read(tmp_path, f"a,b\n1,2\n{text},4\n")
    assert np.isnan(rows.values).tolist() == [[False, False], [True, False]]


def test_latin_1(tmp_path: Path) -> None:
    data = "a,b (µ)\n1,2\n".encode("latin-1")
    with pytest.raises(
        UserError, match=r"x\.csv is not utf-8: it contains the byte 0xb5; perhaps task\.encoding=latin-1"
    ):
        read(tmp_path, data)
    assert read(tmp_path, data, encoding="latin-1").columns == ("a", "b (µ)")


MESSAGES = [
    ("", {}, r"x\.csv is empty; its first line must name its columns\."),
    ("\n\n", {}, r"x\.csv is empty; its first line must name its columns\."),
    ("a,b\n", {}, r"x\.csv has no row below its first line\."),
    ("b,c\n1,2\n", {}, r"There is no column 'a' in x\.csv\. Allowed: b, c\."),
    ("a;b\n1;2\n", {}, r"The columns of x\.csv are separated by semicolons; set 'task\.separator=\";\"'\."),
    ("b\t a\n1\t2\n", {}, r"The columns of x\.csv are separated by tabs; set task\.separator to a tab, .*"),
    ("a|b\n1|2\n", {}, r"The columns of x\.csv are separated by vertical bars; .*"),
    ("a,b\n1,2\n", {"separator": ";"}, r"The columns of x\.csv are separated by commas; .*"),
    ("b;c\n1;2\n", {}, r"There is no column 'a' in x\.csv\. Allowed: b;c\."),
    ("a,b\n1,2\n", {"inputs": ["d"]}, r"There is no column 'd' in x\.csv.* Allowed: a, b\."),
    ("a,b\n1,2\n", {"date": "d"}, r"There is no column 'd' in x\.csv.* Allowed: a, b\."),
    ("a,b,b\n1,2,3\n", {}, r"x\.csv has two columns called 'b'\."),
    ("a,b,\n1,2,3\n", {}, r"Column 3 of x\.csv has no name; list the columns to use in task\.inputs\."),
    ("a,b\n1,2\n3\n", {}, r"x\.csv has 1 cells in line 3, and 2 columns\."),
    ("a,b\n1,2\n3,4,5\n", {}, r"x\.csv has 3 cells in line 3, and 2 columns\."),
    (
        "a,b\n1,2\n3,AAPL\n",
        {},
        r"Column 'b' of x\.csv contains 'AAPL' in line 3, which is not a number; list the col.*",
    ),
    ('a,b\n1,"1,234"\n', {}, r"Column 'b' of x\.csv contains '1,234' in line 2, which is not a number; .*"),
    ("a,b\n1,1_000\n", {}, r"Column 'b' of x\.csv contains '1_000' in line 2, which is not a number; .*"),
    ("a,b\n1,inf\n", {}, r"Column 'b' of x\.csv contains 'inf' in line 2, which is infinite; list the col.*"),
    (
        "a,b\n-Infinity,1\n",
        {},
        r"Column 'a' .* '-Infinity' in line 2, which is infinite; correct the cell, leave it .*",
    ),
    ("a,b\n1,1e999\n", {}, r"Column 'b' of x\.csv contains '1e999' in line 2, which is not a number; .*"),
    ("a,b\n1,\x00\n", {}, r"Column 'b' of x\.csv contains '\\x00' in line 2, which is not a number; .*"),
    (
        "a,b\nx,1\n",
        {},
        r"Column 'a' of x\.csv contains 'x' in line 2, which is not a number; correct the cell, leave it empty and set "
        r"task\.missing=carry, or name another column in task\.target\.",
    ),
    (
        "d,a\n01/02/2020,1\n",
        {},
        r"Column 'd' of x\.csv contains '01/02/2020' in line 2, which is not a date in ISO 8601.*",
    ),
    ("d,a\n2020-01-01,1\n,2\n", {}, r"Column 'd' of x\.csv contains '' in line 3, which is not a date in ISO 8601; .*"),
    ("d,a\n2020-01-01,1\n", {"date_format": "%d.%m.%Y"}, r"Column 'd' .* in line 2, which is not of form %d\.%m\.%Y\."),
    ("d,a\n2020-01-01,1\n", {"date_format": "%"}, r"Column 'd' .* in line 2, which is not of form %\."),
    ("d,a\n2020-01-01,1\n", {"date_format": "%Y-%Y"}, r"Column 'd' .* in line 2, which is not of form %Y-%Y\."),
    ("d,a\n1,2\n", {"date": "a"}, r"task\.target is 'a', the column of dates of x\.csv\."),
    ('a,b\n1,"2\n', {}, r".*x\.csv is not a CSV file: unexpected end of data\."),
    ('a,b\n1,"2"3\n', {}, r".*x\.csv is not a CSV file: .*\."),
    ("a,b\n1," + "2" * 200_000 + "\n", {}, r".*x\.csv is not a CSV file: field larger than field limit \(131072\)\."),
]


@pytest.mark.parametrize(("text", "changes", "message"), MESSAGES)
def test_faulty_files_are_refused_with_line_and_column(
    tmp_path: Path, text: str, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(UserError, match=f"^{message}$"):
        read(tmp_path, text, **changes)


def test_lines_are_counted_as_in_the_file(tmp_path: Path) -> None:
    assert read(tmp_path, 'a,"b\nc"\n1,2\n\n3,4\n').lines == [3, 5]


def test_a_file_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_series, "MAX_BYTES", 7)
    assert read(tmp_path, "a\n1\n2\n").values.tolist() == [[1], [2]]
    with pytest.raises(UserError, match=r"x\.csv has 8 bytes; at most 7 are read\.$"):
        read(tmp_path, "a\n1\n2\n3\n")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot be read: Is a directory\.$"):
        read_csv(tmp_path, FORMAT)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=100), st.sampled_from([b"", b"a,b\n", b"date,a\n2020-01-01,1\n"]))
def test_random_bytes_are_read_or_refused(tmp_path: Path, random: bytes, start: bytes) -> None:
    try:
        rows = read(tmp_path, start + random)
    except UserError:
        return
    assert rows.values.shape == (len(rows.lines), len(rows.columns))
    assert rows.columns[0] == "a"
