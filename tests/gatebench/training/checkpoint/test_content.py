import hashlib
import json
import math
import struct

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gatebench.errors import UserError
from gatebench.training.checkpoint.content import MAGIC, VERSION, pack, unpack

DIGEST = "0123456789abcdef"
TENSORS = {"a/b": torch.arange(6.0).reshape(2, 3), "scalar": torch.tensor(3), "empty": torch.empty(0, 2)}
CONTENT = pack(DIGEST, {"epoch": 1, "list": [1.5, None, True, "x"]}, TENSORS)


def forged(body: bytes, version: int = VERSION, magic: bytes = MAGIC) -> bytes:
    """Return a content with a right checksum and any body, as an attacker would write it."""
    return struct.pack("<16sI16s32s", magic, version, DIGEST.encode(), hashlib.sha256(body).digest()) + body


def test_values_and_tensors_come_back() -> None:
    values, tensors = unpack(CONTENT, DIGEST)
    assert values == {"epoch": 1, "list": [1.5, None, True, "x"]}
    assert tensors.keys() == TENSORS.keys()
    for name, one in TENSORS.items():
        assert (tensors[name].dtype, tensors[name].shape) == (one.dtype, one.shape)
        assert torch.equal(tensors[name], one)


@given(st.floats())
def test_floats_are_exact(value: float) -> None:
    (found,) = unpack(pack(DIGEST, {"values": [value]}, {}), DIGEST)[0]["values"]
    assert struct.pack("<d", found) == struct.pack("<d", value) or (math.isnan(found) and math.isnan(value))


def test_tensors_that_share_memory_are_kept_each() -> None:
    whole = torch.arange(4.0)
    _, tensors = unpack(pack(DIGEST, {}, {"whole": whole, "part": whole[1:3], "same": whole}), DIGEST)
    assert {name: one.tolist() for name, one in tensors.items()} == {
        "whole": [0, 1, 2, 3],
        "part": [1, 2],
        "same": [0, 1, 2, 3],
    }


def test_a_content_that_is_cut_at_any_byte_is_refused() -> None:
    for length in range(len(CONTENT)):
        with pytest.raises(UserError, match=r"^The checkpoint is damaged: [^.]+\.$"):
            unpack(CONTENT[:length], DIGEST)


@given(st.integers(0, len(CONTENT) - 1), st.integers(1, 255))
def test_a_changed_byte_is_found(place: int, change: int) -> None:
    content = bytearray(CONTENT)
    content[place] ^= change
    with pytest.raises(UserError, match=r"^The checkpoint [^\n]+\.$"):
        unpack(bytes(content), DIGEST)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (CONTENT + b"more", "is damaged: its bytes do not match its checksum"),
        (forged(b"", magic=b"PK" + bytes(14)), "is damaged: it has only"),
        (forged(bytes(8), magic=b"PK" + bytes(14)), "is no checkpoint of gatebench"),
        (forged(bytes(8), version=3), "has version 3 of the format; this gatebench reads version 2"),
        (forged(struct.pack("<Q", 2**63) + b"{}"), "is damaged: its JSON is longer"),
        (forged(struct.pack("<Q", 2**64 - 8) + b"{}"), "is damaged: its JSON is longer"),
        (forged(struct.pack("<Q", 3) + b"{}"), "is damaged: its JSON is longer"),
        (forged(struct.pack("<Q", 2) + b"[]"), "is damaged: its JSON is no object"),
        (forged(struct.pack("<Q", 2) + b"\xff\xfe"), "is damaged: its JSON cannot be read"),
        (forged(struct.pack("<Q", 200_000) + b"[" * 200_000), "is damaged: its JSON cannot be read"),
        (forged(struct.pack("<Q", 9001) + b"[" + b"9" * 8999 + b"]"), "is damaged: its JSON cannot be read"),
        (forged(struct.pack("<Q", 2) + b"{}"), "is damaged: its tensors cannot be read"),
        (forged(struct.pack("<Q", 2) + b"{}" + struct.pack("<Q", 2**60) + b"{}"), "its tensors cannot be read"),
    ],
)
def test_a_wrong_content_is_refused_in_one_sentence(content: bytes, told: str) -> None:
    with pytest.raises(UserError) as error:
        unpack(content, DIGEST)
    assert told in str(error.value)
    assert str(error.value).count(".") == 1


def test_a_checkpoint_of_another_trial_is_refused() -> None:
    with pytest.raises(UserError, match=r"is of trial 0123456789abcdef, not of fedcba9876543210\.$"):
        unpack(CONTENT, "fedcba9876543210")


@given(st.dictionaries(st.text(), st.from_type(type(None)) | st.integers() | st.text() | st.lists(st.integers())))
def test_a_hostile_header_of_tensors_is_refused(header: dict[str, object]) -> None:
    text = json.dumps({"t": {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 2**42]}, **header}).encode()
    with pytest.raises(UserError, match="its tensors cannot be read"):
        unpack(forged(struct.pack("<Q", 2) + b"{}" + struct.pack("<Q", len(text)) + text), DIGEST)


@given(st.binary(max_size=200))
def test_any_body_with_a_right_checksum_is_refused_or_read(body: bytes) -> None:
    try:
        values, _ = unpack(forged(body), DIGEST)
    except UserError:
        return
    assert isinstance(values, dict)
