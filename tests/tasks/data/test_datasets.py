from typing import Any

import pytest

from gatebench.errors import UserError
from tasks.data.datasets import Dataset, File, check_relative_path

GOOD: dict[str, Any] = {"name": "a.csv", "checksum": "0" * 64, "size": 7, "url": "https://example.org/a.csv"}
PLACES: dict[str, Any] = {"title": "t", "licence": "l", "source_url": "h", "folders": ("a",), "tasks": ()}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"checksum": "0" * 63}, r"a\.csv: '0+' is no checksum; it must be 64 or 32 hex digits"),
        ({"checksum": "g" * 32}, "is no checksum"),
        ({"checksum": "A" * 32}, "is no checksum"),  # hashlib's are in lower case
        ({"checksum": ""}, "is no checksum"),
        ({"size": 0}, r"a\.csv has 0 bytes"),
        ({"url": "file:///etc/passwd"}, "it must be an address of http or https"),
        ({"url": "ftp://example.org/a"}, "it must be an address of http or https"),
        ({"url": "https:///a"}, "it must be an address of http or https"),
        ({"url": "a.csv"}, "it must be an address of http or https"),
        ({"name": "../a.csv"}, r"'\.\./a\.csv' is not a path below a folder"),
    ],
)
def test_a_file_that_cannot_be_is_refused(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        File(**GOOD | change)


def test_a_data_set_adds_up() -> None:
    files = (File(**GOOD), File(**GOOD | {"name": "b.csv", "size": 5, "checksum": "1" * 32}))
    dataset = Dataset("d", files=files, **PLACES)
    assert dataset.size == 12
    assert not dataset.needs_manual_download
    assert Dataset("d", files=(*files, File("c", "0" * 64, 1)), **PLACES).needs_manual_download


def test_a_data_set_leads_nowhere_else() -> None:
    with pytest.raises(UserError, match="is not a path below a folder"):
        Dataset("d", files=(), **PLACES | {"folders": ("..",)})
    with pytest.raises(UserError, match="is not a path below a folder"):
        Dataset("d", files=(), **PLACES, alternatives=({"/a": "0" * 64},))
    with pytest.raises(UserError, match="is no checksum"):
        Dataset("d", files=(), **PLACES, alternatives=({"a": "x"},))


@pytest.mark.parametrize("name", [".", "a", "a/b.txt", "./a", "a b", "_x_/é.wav", "..a", "a.."])
def test_paths_inside(name: str) -> None:
    check_relative_path(name)


@pytest.mark.parametrize(
    "name", ["", "/", "/a", "..", "../a", "a/../b", "a/..", "a\\b", "C:a", "a\nb", "a\0b", "\udcff"]
)
def test_paths_outside(name: str) -> None:
    with pytest.raises(UserError, match="is not a path below a folder"):
        check_relative_path(name)
