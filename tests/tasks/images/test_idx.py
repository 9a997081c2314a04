import gzip
import math
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray

from gatebench.errors import UserError
from tasks.images.idx import read_idx
from tests.tasks.images.small_mnist import idx_bytes

SAMPLE = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
ARRAYS = arrays(np.uint8, array_shapes(min_dims=1, max_dims=4, max_side=6))


@settings(deadline=None)
@given(ARRAYS, st.booleans())
def test_round_trip(array: NDArray[np.uint8], packed: bool) -> None:
    data = gzip.compress(idx_bytes(array)) if packed else idx_bytes(array)
    read = read_idx(data, array.ndim, "sample")
    assert read.dtype == np.uint8
    np.testing.assert_array_equal(read, array)


def test_from_a_file_on_disk(tmp_path: Path) -> None:
    (tmp_path / "sample").write_bytes(b"\x00\x00\x08\x02\x00\x00\x00\x02\x00\x00\x00\x03abcdef")
    read = read_idx((tmp_path / "sample").read_bytes(), 2, "sample")
    assert read.tolist() == [[97, 98, 99], [100, 101, 102]]


@settings(deadline=None)
@given(st.data(), st.booleans())
def test_every_truncation_is_refused(data: st.DataObject, packed: bool) -> None:
    whole = gzip.compress(idx_bytes(SAMPLE)) if packed else idx_bytes(SAMPLE)
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(UserError, match=r"^sample .*\.$"):
        read_idx(whole[:cut], 3, "sample")


@settings(deadline=None)
@given(st.data())
def test_a_changed_byte_of_the_header_is_refused(data: st.DataObject) -> None:
    whole = bytearray(idx_bytes(SAMPLE))
    whole[data.draw(st.integers(0, 15))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(UserError, match=r"^sample .*\.$"):
        read_idx(bytes(whole), 3, "sample")


@settings(deadline=None)
@given(st.data())
def test_a_changed_byte_of_the_gzip_stream_is_refused_or_harmless(data: st.DataObject) -> None:
    whole = bytearray(gzip.compress(idx_bytes(SAMPLE), mtime=0))
    whole[data.draw(st.integers(0, len(whole) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        read = read_idx(bytes(whole), 3, "sample")
    except UserError:
        return
    np.testing.assert_array_equal(read, SAMPLE)


@settings(deadline=None)
@given(st.binary(max_size=64), st.sampled_from([b"", b"\x1f\x8b\x08\x00", b"\x00\x00\x08\x03"]))
def test_noise_is_refused(noise: bytes, start: bytes) -> None:
    data = start + noise
    if start == b"\x00\x00\x08\x03" and len(noise) > 12:
        sizes = struct.unpack(">3I", noise[:12])
        if math.prod(sizes) == len(noise) - 12:
            return
    with pytest.raises(UserError):
        read_idx(data, 3, "sample")


@pytest.mark.parametrize(
    "shape", [(2**32 - 1,) * 3, (60_000, 28, 28), (0, 2**32 - 1, 2**32 - 1), (0, 0, 0), (25, 1, 1)]
)
def test_sizes_are_not_believed_and_nothing_is_allocated(shape: tuple[int, ...]) -> None:
    data = b"\x00\x00\x08\x03" + struct.pack(">3I", *shape) + bytes(24)
    tracemalloc.start()
    with pytest.raises(UserError, match=r"announces .* holds 24;"):
        read_idx(data, 3, "sample")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100_000


def test_labels_where_images_are_wanted_are_refused() -> None:
    with pytest.raises(UserError) as caught:
        read_idx(idx_bytes(SAMPLE[0, 0]), 3, "labels")
    assert str(caught.value) == (
        "labels is not an idx file of unsigned bytes in 3 dimensions: it begins with 00 00 08 01, not with 00 00 08 03."
    )


def test_bytes_behind_the_values_are_refused() -> None:
    with pytest.raises(UserError, match="announces 2 x 3 x 4 values"):
        read_idx(idx_bytes(SAMPLE) + b"\0", 3, "sample")


@pytest.mark.parametrize("shape", [(0, 2**32 - 1, 2**32 - 1), (0, 0, 0)])
def test_a_file_without_values_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(UserError, match=r"and holds 0; both must be the same number above 0\.$"):
        read_idx(b"\x00\x00\x08\x03" + struct.pack(">3I", *shape), 3, "sample")
