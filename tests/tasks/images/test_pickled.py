import hashlib
import pickle
from collections import OrderedDict
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebench.errors import UserError
from tasks.images.pickled import PickledArray, bytes_array, read_pickled
from tests.tasks.images.small_cifar import pickled

NAMES = [b"airplane", b"automobile", b"bird", b"cat", b"deer", b"dog", b"frog", b"horse", b"ship", b"truck"]
META = {b"num_cases_per_batch": 10_000, b"label_names": NAMES, b"num_vis": 3072}
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.integers(0, 65_535) | st.binary(max_size=300),
    lambda inner: st.lists(inner, min_size=1) | st.dictionaries(st.binary(max_size=9), inner, min_size=1),
)


def test_the_tests_pickle_as_the_official_archive_was_pickled() -> None:
    """The archive's smallest file, batches.meta, has this published checksum."""
    assert hashlib.md5(pickled(META)).hexdigest() == "5ff9c542aee3614f3951f8cda6e48888"
    assert read_pickled(pickled(META), "batches.meta") == META


@settings(deadline=None, max_examples=40)
@given(VALUES)
def test_plain_data_are_read_as_the_ordinary_unpickler_reads_them(value: Any) -> None:
    data = pickled(value)
    assert read_pickled(data, "sample") == pickle.loads(data, encoding="bytes") == value


@pytest.mark.parametrize("order", ["C", "F"])
def test_an_array_of_bytes_is_read_as_numpy_reads_it(order: Any) -> None:
    array = np.asarray(np.arange(6, dtype=np.uint8).reshape(2, 3), order=order)
    np.testing.assert_array_equal(pickle.loads(pickled(array), encoding="bytes"), array)
    read = read_pickled(pickled(array), "sample")
    assert isinstance(read, PickledArray)
    np.testing.assert_array_equal(bytes_array(read), array)


def test_what_is_no_array_of_bytes_is_none() -> None:
    array = pickled(np.zeros((2, 3), np.uint8))
    assert bytes_array(bytes(6)) is None
    assert bytes_array(PickledArray()) is None
    for before, after in ((b"u1", b"f4"), (b"K\x02K\x03", b"K\x02K\x04")):
        assert array.count(before) == 1
        assert bytes_array(read_pickled(array.replace(before, after), "sample")) is None


class Trap:
    """Says that it was called, if it ever is."""

    called: list[str] = []  # noqa: RUF012

    def __reduce__(self) -> tuple[Any, ...]:
        return Trap.called.append, ("called",)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_nothing_is_imported_or_called(protocol: int) -> None:
    for value in ([Trap()], OrderedDict(a=1), print, type, {"deep": [(Trap(),)]}):
        with pytest.raises(UserError, match="which plain data do not need"):
            read_pickled(pickle.dumps(value, protocol), "sample")
    assert not Trap.called


@pytest.mark.parametrize(
    "program",
    [
        b"cos\nsystem\nU\x04true\x85R.",
        b"cbuiltins\neval\nU\x011\x85R.",
        b"cnumpy\nfromfile\nU\x011\x85R.",
        b"cnumpy.core.multiarray\nfromfile\nU\x011\x85R.",
        b"(ios\nsystem\n.",
        b"(U\x04trueios\nsystem\n.",
        b"cnumpy\ndtype\n}U\x0a__class__s\x81.",
        b"cnumpy\nndarray\n)\x81.",
        b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\ndtype\nK\x00\x85U\x01b\x87R.",
        b"cnumpy\nndarray\n}U\x09__class__U\x01asb.",
        b"U\x011Q.",
        b"P1\n.",
        b"\x82\x01.",
    ],
)
def test_hostile_programs_are_refused(program: bytes) -> None:
    with pytest.raises(UserError, match=r"^sample is not a whole pickle of plain data: .*\.$"):
        read_pickled(b"\x80\x02" + program, "sample")


def test_a_state_cannot_change_what_a_stand_in_is() -> None:
    made = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
    read = read_pickled(b"\x80\x02" + made + b"}U\x09__class__U\x01asb.", "sample")
    assert type(read) is PickledArray
    assert read.state == {b"__class__": b"a"}


@settings(deadline=None)
@given(st.data())
def test_every_truncation_is_refused(data: st.DataObject) -> None:
    whole = pickled(META | {b"data": np.zeros((2, 3), np.uint8)})
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(UserError, match=r"^sample is not a whole pickle of plain data: .*\.$"):
        read_pickled(whole[:cut], "sample")


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_changed_bytes_are_read_as_data_or_refused(data: st.DataObject) -> None:
    whole = bytearray(pickled(META | {b"data": np.zeros((2, 3), np.uint8)}))
    for _ in range(3):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    with suppress(UserError):
        read_pickled(bytes(whole), "sample")


@settings(deadline=None)
@given(st.binary(max_size=64))
def test_noise_is_data_or_refused(noise: bytes) -> None:
    with suppress(UserError):
        read_pickled(noise, "sample")


def test_lengths_are_not_believed() -> None:
    with pytest.raises(UserError, match="not a whole pickle"):
        read_pickled(b"\x80\x02T\xff\xff\xff\x7fabc.", "sample")
