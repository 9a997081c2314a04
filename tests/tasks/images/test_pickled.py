import hashlib
import pickle
import pickletools
from collections import OrderedDict
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebench.errors import UserError
from tasks.images.pickled import STEPS, Call, Name, read_pickled
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
def test_plain_data_are_read_as_the_ordinary_machine_reads_them(value: Any) -> None:
    data = pickled(value)
    assert read_pickled(data, "sample") == pickle.loads(data, encoding="bytes") == value


def test_single_items_references_and_small_values() -> None:
    data = b"\x80\x02]q\x01(N\x88\x89)K\x01\x85K\x01K\x02\x86U\x01aq\x02h\x02J\xff\xff\xff\xffeh\x01a."
    read, plain = read_pickled(data, "sample"), pickle.loads(data, encoding="bytes")
    assert read[:8] == plain[:8] == [None, True, False, (), (1,), (1, 2), b"a", b"a"]
    assert read[8] == plain[8] == -1
    assert read[9] is read
    assert read_pickled(b"\x80\x02}U\x01aK\x01s.", "sample") == {b"a": 1}


def test_an_array_is_a_note_of_how_it_was_made() -> None:
    array = np.arange(6, dtype=np.uint8).reshape(2, 3)
    np.testing.assert_array_equal(pickle.loads(pickled(array), encoding="bytes"), array)
    note = read_pickled(pickled(array), "sample")
    assert note.function == Name("numpy.core.multiarray _reconstruct")
    assert note.arguments == (Name("numpy ndarray"), (0,), b"b")
    assert note.state[1] == (2, 3)
    assert note.state[2].arguments == (b"u1", 0, 1)
    assert note.state[4] == bytes(range(6))


class Trap:
    """Says that it was called, if it ever is."""

    called: list[str] = []  # noqa: RUF012

    def __reduce__(self) -> tuple[Any, ...]:
        return Trap.called.append, ("called",)


def test_nothing_is_imported_or_called() -> None:
    call = b"cos\nsystem\nU\x04true\x85R"
    assert read_pickled(b"\x80\x02" + call + b".", "sample") == Call(Name("os system"), (b"true",))
    unknown = b"\x80\x02cno_such_module\nnothing\n)R."
    assert read_pickled(unknown, "sample") == Call(Name("no_such_module nothing"), ())
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(UserError, match="which plain data do not need; it is not read"):
            read_pickled(pickle.dumps([Trap(), OrderedDict(a=1)], protocol), "sample")
    assert not Trap.called


@pytest.mark.parametrize("code", [code for code in pickletools.opcodes if code.name not in STEPS], ids=lambda c: c.name)
def test_every_other_instruction_is_refused(code: pickletools.OpcodeInfo) -> None:
    argument = {"FLOAT": b"1.5\n", "FRAME": bytes(8), "BINFLOAT": bytes(8), "LONG": b"1L\n", "STRING": b"'a'\n"}
    data = b"\x80\x02" + code.code.encode("latin-1") + argument.get(code.name, b"1\n1\n" + bytes(9)) + b"."
    with pytest.raises(UserError, match=r"^sample (holds the pickle instruction|is not a whole pickle) .*\.$"):
        read_pickled(data, "sample")


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


@pytest.mark.parametrize(
    "program",
    [b"(.", b"K\x01(.", b"K\x01a.", b"K\x01K\x01a.", b"}(K\x01u.", b"}(K\x01K\x01u.", b"K\x01K\x02b.", b"0.", b"."],
)
def test_programs_that_make_no_sense_are_refused(program: bytes) -> None:
    with pytest.raises(UserError, match=r"^sample .*\.$"):
        read_pickled(b"\x80\x02" + program, "sample")


def test_lengths_are_not_believed() -> None:
    with pytest.raises(UserError, match="not a whole pickle"):
        read_pickled(b"\x80\x02T\xff\xff\xff\x7fabc.", "sample")
