"""Amounts of memory in configs: a number of bytes, or a text with a unit such as "2 GB"."""

import re

from gatebench.errors import out_of_range

UNITS = {"B": 1} | {
    unit: base**power
    for base, suffix in ((1000, "B"), (1024, "iB"))
    for power, unit in ((i + 1, f"{letter}{suffix}") for i, letter in enumerate("KMGT"))
}
"""The bytes of each unit: powers of 1000 (KB, MB, GB, TB) and of 1024 (KiB, MiB, GiB, TiB)."""

_AMOUNT = re.compile(r"\s*([0-9.]+(?:e[+-]?[0-9]+)?)\s*([a-z]*)\s*", re.IGNORECASE)
_ALLOWED = 'a number of bytes of at least 1, or a number with a unit, for example "2 GB"'


def memory_bytes(name: str, value: object) -> int | None:
    """Return an amount of memory in bytes; None for None.

    Args:
        name: the name of the setting, for the error.
        value: a number, or a text such as "2 GB", "512MiB" or "2e9".

    Raises:
        UserError: the value is no amount of memory, or less than one byte.
    """
    if value is None:
        return None
    match = _AMOUNT.fullmatch(str(value))
    units = {unit.lower(): size for unit, size in UNITS.items()}
    try:
        size = float(match[1]) * units[match[2].lower() or "b"] if match else 0.0
    except (ValueError, KeyError):
        size = 0.0
    if not 1 <= size < 2**62:
        raise out_of_range(name, value, _ALLOWED)
    return int(size)


def memory_text(size: float) -> str:
    """Return a number of bytes with the largest decimal unit that fits: "2 GB"."""
    unit = next((unit for unit in ("TB", "GB", "MB", "KB") if size >= UNITS[unit]), "B")
    return f"{size / UNITS[unit]:.3g} {unit}"
