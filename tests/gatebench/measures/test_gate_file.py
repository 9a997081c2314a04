"""The file of gate arrays: what is written is read again, and nothing else is read."""

import io
import pickle
import tracemalloc
import zipfile
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebench.errors import UserError
from gatebench.measures import gate_file
from gatebench.measures.gate_arrays import split_statistics
from gatebench.measures.gate_file import GateFile, UnitStatistics, read, to_bytes
from gatebench.measures.gate_recorder import GateRecorder
from tests.gatebench.measures.gate_examples import LSTM_ROLES, unit_trace


def content() -> GateFile:
    recorder = GateRecorder(LSTM_ROLES)
    recorder.add({layer: {gate: unit_trace(seed=layer) for gate in "fiog"} for layer in range(2)})
    splits = {split: split_statistics(recorder.sums, LSTM_ROLES) for split in ("val", "test")}
    return GateFile(tuple(role.key for role in LSTM_ROLES), splits, np.arange(5), np.exp(-np.arange(5.0)))


CONTENT = content()
FILE = to_bytes(CONTENT)


def arrays() -> dict[str, Any]:
    with np.load(io.BytesIO(FILE), allow_pickle=False) as file:
        return dict(file)


def packed(content: Mapping[str, Any]) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **content)
    return buffer.getvalue()


def same(one: object, other: object) -> None:
    assert (one is None) == (other is None)
    if one is not None:
        np.testing.assert_array_equal(one, other)


def test_what_is_written_is_read_again() -> None:
    found = read(FILE)
    assert found.roles == ("keep/f", "write/i", "expose/o", "candidate/g")
    same(found.lags, CONTENT.lags)
    same(found.gradient_norms, CONTENT.gradient_norms)
    assert list(found.splits) == ["val", "test"]
    for split, statistics in CONTENT.splits.items():
        assert found.splits[split].steps == statistics.steps
        assert list(found.splits[split].gates) == list(statistics.gates)
        for key, units in statistics.gates.items():
            for one in fields(UnitStatistics):
                same(getattr(found.splits[split].gates[key], one.name), getattr(units, one.name))


def test_the_keys_are_those_that_numpy_reads() -> None:
    keys = set(arrays())
    assert {"roles", "val/steps", "test/steps", "val/l0/f/mean", "test/l1/g/histogram", "gradient/lag"} <= keys
    assert "val/l0/g/left" not in keys
    assert "val/l0/i/tau" not in keys


def test_the_same_content_gives_the_same_bytes() -> None:
    assert to_bytes(content()) == FILE


def test_a_file_without_a_gradient_or_a_split() -> None:
    found = read(to_bytes(GateFile(("keep/f",), {})))
    assert (found.roles, dict(found.splits), found.lags) == (("keep/f",), {}, None)
    assert read(to_bytes(replace(CONTENT, lags=None, gradient_norms=None))).gradient_norms is None


@given(st.integers(0, len(FILE) - 1))
def test_a_file_that_is_cut_short_is_refused(length: int) -> None:
    with pytest.raises(UserError, match=r"gates\.npz is not a complete file"):
        read(FILE[:length])


@settings(max_examples=500)
@given(st.lists(st.tuples(st.integers(0, len(FILE) - 1), st.integers(0, 255)), min_size=1, max_size=20))
def test_a_damaged_file_is_refused_or_still_whole(changed: list[tuple[int, int]]) -> None:
    """A changed byte can lie in a part that nothing depends on, such as the date of an entry."""
    damaged = bytearray(FILE)
    for place, value in changed:
        damaged[place] = value
    tracemalloc.start()
    try:
        found = read(bytes(damaged))
    except UserError as error:
        assert str(error).endswith(".")  # noqa: PT017
        assert "\n" not in str(error)  # noqa: PT017
    else:
        for split, statistics in found.splits.items():
            for key, units in statistics.gates.items():
                same(units.mean, CONTENT.splits[split].gates[key].mean)
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 1 << 24


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown key": ({"val/l0/f/secret": np.zeros(3)}, "no array of gates"),
    "a path out of the folder": ({"../../etc/passwd": np.zeros(3)}, "no array of gates"),
    "another number of units": ({"val/l0/f/std": np.zeros(4)}, "the shape"),
    "another number of bins": ({"val/l0/f/histogram": np.zeros((3, 21), np.int64)}, "the shape"),
    "counts that are no whole numbers": ({"val/l0/f/histogram": np.zeros((3, 20))}, "the type"),
    "means that are text": ({"val/l0/f/mean": np.array(["a", "b", "c"])}, "the type"),
    "complex means": ({"val/l0/f/mean": np.zeros(3, complex)}, "no array of numbers"),
    "three dimensions": ({"val/l0/f/mean": np.zeros((3, 1, 1))}, "at most 2 dimensions"),
    "edges that descend": ({"val/l0/f/edges": np.linspace(1, 0, 21)}, "do not ascend"),
    "a role that is none": ({"roles": np.array(["<script>"])}, "no role"),
    "roles that are numbers": ({"roles": np.zeros(3)}, "the type"),
    "steps that are no scalar": ({"val/steps": np.zeros(3, np.int64)}, "dimensions"),
    "lags of another length": ({"gradient/lag": np.arange(4)}, "the shape"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_array_is_refused(kind: str) -> None:
    changed, reason = WRONG[kind]
    with pytest.raises(UserError, match=reason):
        read(packed({**arrays(), **changed}))


@pytest.mark.parametrize("key", ["roles", "val/steps", "val/l0/f/mean", "test/l1/i/edges", "gradient/norm"])
def test_a_missing_array_is_named(key: str) -> None:
    rest = {name: array for name, array in arrays().items() if name != key}
    with pytest.raises(UserError, match=f"has no array {key}"):
        read(packed(rest))


def test_an_object_is_never_unpickled() -> None:
    buffer = io.BytesIO()
    np.savez(buffer, **{**arrays(), "roles": np.array([{"a": 1}], dtype=object)})
    with pytest.raises(UserError, match="no array of numbers"):
        read(buffer.getvalue())
    with pytest.raises(UserError, match="not a complete file"):
        read(pickle.dumps([1, 2, 3]))


def test_too_large_a_file_is_refused_before_it_is_decompressed() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("roles.npy", bytes(gate_file.MOST_BYTES + 1))
    tracemalloc.start()
    with pytest.raises(UserError, match="more than"):
        read(buffer.getvalue())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 22


def test_two_arrays_of_one_name_are_refused() -> None:
    buffer = io.BytesIO(FILE)
    with zipfile.ZipFile(buffer, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("roles.npy", b"")
    with pytest.raises(UserError, match="two arrays of one name"):
        read(buffer.getvalue())


def test_another_compression_is_refused() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("roles.npy", b"")
    with pytest.raises(UserError, match="unknown method"):
        read(buffer.getvalue())
