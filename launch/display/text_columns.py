"""Text in aligned columns."""

from collections.abc import Sequence


def align(rows: Sequence[Sequence[str]], sides: str) -> str:
    """Return the rows as aligned lines, with a rule below the first.

    Args:
        rows: the texts of each row, the head first.
        sides: "l" or "r" for each column: left-aligned or right-aligned.

    Examples:
        >>> print(align([("cell", "n"), ("lstm", "10")], "lr"))
        cell   n
        --------
        lstm  10
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            f"{text:>{width}}" if side == "r" else f"{text:<{width}}"
            for text, width, side in zip(row, widths, sides, strict=True)
        ).rstrip()
        for row in rows
    ]
    return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]])
