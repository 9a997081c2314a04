"""The interpolations of a config, for example ${model.hidden_size}: which top-level keys they refer to."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

ANYTHING = "*"
"""Stands for all keys, for interpolations that are not understood here."""

_FROM_ENVIRONMENT = re.compile(r"\$\{oc\.env:[^${}]*\}")
_BELOW_DATA_ROOT = re.compile(r"\$\{data:[^${}]*\}")
_REFERENCE = re.compile(r"\$\{([A-Za-z_]\w*)(?:\.\w+)*\}")


def has_interpolation(content: Any) -> bool:
    """Return whether a part of a config, as plain data, contains an interpolation."""
    return any("${" in text for text in _texts(content))


def referenced_keys(content: Any) -> set[str]:
    """Return the top-level keys that the interpolations in a part of a config refer to.

    Args:
        content: the part as plain data, in which interpolations are not resolved.

    Examples:
        >>> sorted(referenced_keys({"path": "${data:a.csv}", "size": ["${model.hidden_size}"]}))
        ['data_root', 'model']
        >>> referenced_keys("${.sibling}")
        {'*'}
    """
    keys: set[str] = set()
    for text in _texts(content):
        rest = _FROM_ENVIRONMENT.sub("", text)
        if _BELOW_DATA_ROOT.search(rest):
            keys.add("data_root")
        rest = _BELOW_DATA_ROOT.sub("", rest)
        keys |= {match[1] for match in _REFERENCE.finditer(rest)}
        if "${" in _REFERENCE.sub("", rest):
            keys.add(ANYTHING)
    return keys


def _texts(content: Any) -> Iterator[str]:
    """Yield all texts in plain data."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, Mapping):
        for key, value in content.items():
            yield from _texts(key)
            yield from _texts(value)
    elif isinstance(content, list | tuple):
        for value in content:
            yield from _texts(value)
