import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gatebench.errors import UserError
from tasks.data.files import MissingFile
from tasks.series.published_series import PublishedSeries
from tests.tasks.data.archives import zipped
from tests.tasks.series.small_series import csv_bytes, periodic

VALUES = periodic(50, 3, 24)
DATA = csv_bytes(VALUES, "date,a (m²),b,c", 60, "\r\n")
SERIES = PublishedSeries(
    "numbers", "a.csv", hashlib.sha256(DATA).hexdigest(), len(DATA), "all.zip", ("first", "."), "https://example.org", 3
)


@pytest.mark.parametrize("place", ["first/a.csv", "a.csv"])
@pytest.mark.parametrize("packed", [True, False])
def test_all_layouts_give_the_same_values(tmp_path: Path, place: str, packed: bool) -> None:
    path = (tmp_path / place).with_name("all.zip") if packed else tmp_path / place
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(zipped({"folder/a.csv": DATA}) if packed else DATA)
    np.testing.assert_array_equal(SERIES.read(tmp_path), VALUES)


def test_a_missing_file_is_named_with_its_source(tmp_path: Path) -> None:
    with pytest.raises(MissingFile, match=r"^There is no a\.csv or all\.zip in any of .*first, .*https://example\.org"):
        SERIES.read(tmp_path)


@pytest.mark.parametrize("data", [b"", DATA[:-1], DATA + b"\n", DATA.replace(b"1", b"2", 1), DATA.replace(b"\r", b"")])
@pytest.mark.parametrize("packed", [True, False])
def test_another_file_is_refused_packed_or_not(tmp_path: Path, data: bytes, packed: bool) -> None:
    name = "all.zip" if packed else "a.csv"
    (tmp_path / name).write_bytes(zipped({"folder/a.csv": data}) if packed else data)
    with pytest.raises(UserError) as caught:
        SERIES.read(tmp_path)
    assert str(tmp_path / name) in str(caught.value)
    assert "the published file" in str(caught.value)


def test_a_broken_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "all.zip").write_bytes(zipped({"folder/a.csv": DATA})[:-30])
    with pytest.raises(UserError, match=r"all\.zip cannot be unpacked: .*\.$"):
        SERIES.read(tmp_path)


@pytest.mark.parametrize("data", [b"date,a,b,c\n1,2\n", b"date,a,b,c\n1,2,x,4\n"])
def test_a_file_that_is_not_a_table_of_numbers_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.csv").write_bytes(data)
    with pytest.raises(UserError, match=r"a\.csv is not a table of numbers: .*\.$"):
        replace(SERIES, sha256=hashlib.sha256(data).hexdigest()).read(tmp_path)
