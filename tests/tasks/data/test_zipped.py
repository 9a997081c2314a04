import struct
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebench.errors import UserError
from tasks.data.zipped import read_zipped
from tests.tasks.data.archives import zipped

CONTENT = b"date,a\n" + b"".join(b"2016-07-01,%d\n" % i for i in range(99))
ARCHIVE = zipped({"folder/": b"", "folder/a.csv": CONTENT, "folder/b.csv": b"other"})


def test_a_file_is_read_from_whatever_folder() -> None:
    assert read_zipped(ARCHIVE, "a.csv", len(CONTENT), "x.zip") == CONTENT
    assert read_zipped(zipped({"a.csv": CONTENT}), "a.csv", 10_000, "x.zip") == CONTENT
    assert read_zipped(zipped({"../../a.csv": CONTENT}), "a.csv", 10_000, "x.zip") == CONTENT  # nothing is written


def test_no_file_and_two_files_are_refused() -> None:
    with pytest.raises(UserError, match=r"^x\.zip holds no files called c\.csv; it must hold one\.$"):
        read_zipped(ARCHIVE, "c.csv", 99, "x.zip")
    two = zipped({"1/a.csv": b"1", "2/a.csv": b"2"})
    with pytest.raises(UserError, match=r"^x\.zip holds 2 files called a\.csv; it must hold one\.$"):
        read_zipped(two, "a.csv", 99, "x.zip")


@pytest.mark.parametrize("lies", [False, True])
def test_a_bomb_is_left_packed(lies: bool) -> None:
    bomb = bytearray(zipped({"a.csv": bytes(50_000_000)}))
    if lies:  # of its size, in both headers
        for place in (22, bomb.index(b"PK\x01\x02") + 24):
            bomb[place : place + 4] = struct.pack("<I", 100)
    tracemalloc.start()
    with pytest.raises(UserError, match=r"^(a\.csv in )?x\.zip "):
        read_zipped(bytes(bomb), "a.csv", 100, "x.zip")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000


@settings(deadline=None)
@given(st.integers(0, len(ARCHIVE) - 1))
def test_every_truncation_is_refused(cut: int) -> None:
    with pytest.raises(UserError, match=r"^x\.zip cannot be unpacked: .*\.$"):
        read_zipped(ARCHIVE[:cut], "a.csv", 10_000, "x.zip")


@settings(deadline=None, max_examples=300)
@given(st.integers(0, len(ARCHIVE) - 1), st.integers(1, 255))
def test_a_changed_byte_is_refused_or_harmless(place: int, change: int) -> None:
    changed = bytearray(ARCHIVE)
    changed[place] ^= change
    try:
        read = read_zipped(bytes(changed), "a.csv", len(CONTENT), "x.zip")
    except UserError:
        return
    assert read == CONTENT


@settings(deadline=None)
@given(st.binary(max_size=200), st.sampled_from([b"", b"PK\x03\x04", b"PK\x05\x06"]))
def test_noise_is_refused(noise: bytes, start: bytes) -> None:
    with pytest.raises(UserError):
        read_zipped(start + noise, "a.csv", 100, "x.zip")
