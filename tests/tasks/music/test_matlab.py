import struct
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray

from gatebench.errors import UserError
from tasks.music import matlab
from tasks.music.matlab import HEADER, read_cells
from tests.tasks.music.small_music import Pieces, cells, mat_bytes, saved

DTYPES = ["u1", "i1", "<u2", "<i2", "<u4", "<i4", "<f4", "<f8", "<u8", "<i8"]
SAMPLE: Pieces = {
    "traindata": [np.arange(6, dtype=np.uint8).reshape(2, 3), np.eye(4)],
    "x": [np.ones((1, 1), np.int16)],
}
MATRICES = st.sampled_from(DTYPES).flatmap(
    lambda dtype: arrays(dtype, array_shapes(min_dims=2, max_dims=2, max_side=9))
)


@settings(deadline=None)
@given(st.lists(MATRICES, min_size=1, max_size=5), st.booleans())
def test_reads_what_scipy_writes(matrices: list[NDArray[Any]], compressed: bool) -> None:
    read = read_cells(mat_bytes({"traindata": matrices}, compressed), "sample")
    assert list(read) == ["traindata"]
    for ours, theirs in zip(read["traindata"], matrices, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_other_variables_are_passed_over() -> None:
    data = saved({"number": np.eye(2), "text": "traindata", "record": {"a": 1}, "rolls": cells(np.eye(3))})
    assert list(read_cells(data, "sample")) == ["rolls"]


def test_logical_matrices_are_zeros_and_ones() -> None:
    (read,) = read_cells(saved({"rolls": cells(np.array([[True, False]]))}), "sample")["rolls"]
    assert read.tolist() == [[1, 0]]


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("text", "something other than a matrix of numbers"),
        ({"a": 1.0}, "something other than a matrix of numbers"),
        (cells(np.eye(2)), "something other than a matrix of numbers"),
        (np.eye(2) * 1j, "complex numbers"),
    ],
)
def test_cells_that_hold_something_else_are_refused(value: object, sentence: str) -> None:
    with pytest.raises(UserError, match=f"^sample cannot be read as .*{sentence}"):
        read_cells(saved({"rolls": cells(value)}), "sample")


def test_sparse_matrices_are_refused() -> None:
    from scipy.sparse import csc_array

    with pytest.raises(UserError, match="something other than a matrix of numbers"):
        read_cells(saved({"rolls": cells(csc_array(np.eye(3)))}), "sample")


@pytest.mark.parametrize("compressed", [True, False])
@settings(deadline=None, max_examples=150)
@given(st.data())
def test_every_truncation_is_refused_or_ends_between_variables(compressed: bool, data: st.DataObject) -> None:
    whole = mat_bytes(SAMPLE, compressed)
    cut = data.draw(st.integers(0, len(whole) - 1))
    try:
        read = read_cells(whole[:cut], "sample")
    except UserError as error:
        assert str(error).startswith("sample cannot be read as a little-endian MATLAB 5 file: ")  # noqa: PT017
    else:
        assert set(read) < set(SAMPLE)


@pytest.mark.parametrize("compressed", [True, False])
@settings(deadline=None, max_examples=300)
@given(st.data())
def test_changed_bytes_are_refused_or_read_as_numbers(compressed: bool, data: st.DataObject) -> None:
    whole = bytearray(mat_bytes(SAMPLE, compressed))
    for _ in range(data.draw(st.integers(1, 3))):
        whole[data.draw(st.integers(HEADER - 4, len(whole) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        read = read_cells(bytes(whole), "sample")
    except UserError:
        return
    assert all(matrix.dtype.kind in "iuf" for matrices in read.values() for matrix in matrices)


@settings(deadline=None)
@given(st.binary(max_size=300), st.booleans())
def test_noise_is_refused(noise: bytes, headed: bool) -> None:
    data = bytes(HEADER - 4) + b"\x00\x01IM" + noise if headed else noise
    try:
        assert read_cells(data, "sample") == {}
    except UserError:
        return


def test_sizes_are_not_believed() -> None:
    header = bytes(HEADER - 4) + b"\x00\x01IM"
    with pytest.raises(UserError, match="it announces 4294967295 bytes where 8 are left"):
        read_cells(header + struct.pack("<II", 14, 2**32 - 1) + bytes(8), "sample")
    honest = mat_bytes({"x": [np.ones((2, 3), np.uint8)]}, compressed=False)
    assert honest.count(struct.pack("<2i", 2, 3)) == 1
    for sizes in ((2**31 - 1, 2**31 - 1), (-2, -3), (0, 3), (6, 2)):
        changed = honest.replace(struct.pack("<2i", 2, 3), struct.pack("<2i", *sizes))
        with pytest.raises(UserError, match=rf"a matrix of {sizes[0]} x {sizes[1]} holds 6 numbers"):
            read_cells(changed, "sample")


def test_a_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matlab, "LARGEST", 1000)
    packed = zlib.compress(bytes(10**6))
    data = bytes(HEADER - 4) + b"\x00\x01IM" + struct.pack("<II", 15, len(packed)) + packed
    with pytest.raises(UserError, match="unpacks to more than 1,000 bytes"):
        read_cells(data, "sample")


def test_a_newer_or_an_older_format_is_refused() -> None:
    for data in (
        saved({"x": np.eye(2)}, format="4"),
        b"MATLAB 7.3 MAT-file".ljust(HEADER - 4) + b"\x00\x02IM" + b"\x89HDF\r\n",
    ):
        with pytest.raises(UserError, match="it has no such header"):
            read_cells(data, "sample")
