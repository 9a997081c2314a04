"""The content of a checkpoint as bytes.

| bytes | value |
| --- | --- |
| 16 | `MAGIC` |
| 4 | the version of the format, little-endian |
| 16 | the digest of the trial, ASCII |
| 32 | the SHA-256 of all bytes that follow |
| 8 | the length of the JSON, little-endian |
| … | the JSON, UTF-8 |
| … | the tensors, in the format safetensors |

The checksum finds damage. It proves nothing about the origin, so the reader also checks every value and every tensor.
"""

import hashlib
import json
import struct
from collections.abc import Mapping
from typing import Any

import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor

from gatebench.errors import UserError

MAGIC = b"gatebench trial\n"

VERSION = 2
"""The version of the format, of the names of the tensors and of the keys of the JSON."""

_HEADER = struct.Struct("<16sI16s32s")
_LENGTH = struct.Struct("<Q")


def pack(digest: str, values: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> bytes:
    """Return the content of a checkpoint.

    Args:
        digest: the digest of the trial.
        values: plain values that JSON can hold. Floats are kept exactly, also NaN and the infinities.
        tensors: tensors by name, on any device.
    """
    text = json.dumps(values).encode()
    # A clone has memory of its own; safetensors refuses tensors that share memory.
    arrays = safetensors.torch.save({name: value.detach().cpu().clone() for name, value in tensors.items()})
    parts = (_LENGTH.pack(len(text)), text, arrays)
    checksum = hashlib.sha256()
    for part in parts:
        checksum.update(part)
    return b"".join((_HEADER.pack(MAGIC, VERSION, digest.encode("ascii"), checksum.digest()), *parts))


def unpack(content: bytes, digest: str) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Return the values and the tensors of a checkpoint. The values are not checked beyond being JSON.

    Args:
        content: the content, from any source.
        digest: the digest of the trial that continues.

    Raises:
        UserError: the content is no checkpoint, is damaged, or is of another trial or another version of the format.
    """
    body = _checked_body(content, digest)
    (length,) = _LENGTH.unpack_from(body)
    if length > len(body) - _LENGTH.size:
        raise damaged("its JSON is longer than the rest of it")
    start = _LENGTH.size + length
    return _parsed(body[_LENGTH.size : start]), _tensors(body[start:])


def damaged(reason: str) -> UserError:
    """Return the error for a checkpoint whose content is wrong."""
    return UserError(f"The checkpoint is damaged: {reason}.")


def _checked_body(content: bytes, digest: str) -> bytes:
    """Return the bytes after the header, after checking the header and the checksum."""
    if len(content) < _HEADER.size + _LENGTH.size:
        raise damaged(f"it has only {len(content)} bytes")
    magic, version, owner, checksum = _HEADER.unpack_from(content)
    if magic != MAGIC:
        raise UserError("The checkpoint is no checkpoint of gatebench: its first bytes are others.")
    if version != VERSION:
        raise UserError(f"The checkpoint has version {version} of the format; this gatebench reads version {VERSION}.")
    if owner != digest.encode("ascii"):
        raise UserError(f"The checkpoint is of trial {owner.decode('ascii', 'backslashreplace')}, not of {digest}.")
    body = content[_HEADER.size :]
    if hashlib.sha256(body).digest() != checksum:
        raise damaged("its bytes do not match its checksum")
    return body


def _parsed(text: bytes) -> dict[str, Any]:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        raise damaged("its JSON cannot be read") from None
    if not isinstance(values, dict):
        raise damaged("its JSON is no object")
    return values


def _tensors(content: bytes) -> dict[str, Tensor]:
    try:
        return safetensors.torch.load(content)
    except (SafetensorError, ValueError, KeyError, TypeError, RuntimeError, OverflowError):
        raise damaged("its tensors cannot be read") from None
