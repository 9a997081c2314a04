"""Axes with lines, bars and marks, written as SVG text.

matplotlib needs 0.2 s or more for a picture, and a trial may take 2 s. A panel takes about a millisecond.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape
from math import ceil, floor, isfinite, log10

INK, SOFT, RULE = "#1e293b", "#64748b", "#d5d9e0"
LEFT, TOP, BOTTOM, RIGHT = 56.0, 46.0, 44.0, 14.0
"""The margins between a panel's border and its axes, in pixels."""

Range = tuple[float, float]


def number(value: float) -> str:
    """Return a number as the label of a tick: at most four significant digits.

    Examples:
        >>> number(0.25), number(12000.0), number(0.0000031)
        ('0.25', '12000', '3.1e-06')
    """
    return f"{value:.4g}" if abs(value) < 10_000 or abs(value) >= 1e6 else f"{value:.0f}"


def value_range(values: Iterable[float]) -> Range:
    """Return a range that contains all finite values; (0, 1) if there are none."""
    finite = [value for value in values if isfinite(value)]
    if not finite:
        return 0.0, 1.0
    low, high = min(finite), max(finite)
    if high - low > 1e-12 * max(abs(low), abs(high)):
        return low - 0.03 * (high - low), high + 0.05 * (high - low)
    around = abs(low) * 0.1 or 1.0
    return low - around, high + around


def ticks(bounds: Range, *, whole: bool = False, most: int = 5) -> list[float]:
    """Return round numbers inside the bounds, evenly spaced by 1, 2 or 5 times a power of ten.

    Args:
        bounds: the range of an axis.
        whole: whether only whole numbers are allowed, as for epochs.
        most: the largest number of steps between ticks.

    Examples:
        >>> ticks((0.0, 1.0))
        [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    """
    low, high = bounds
    power = 10.0 ** floor(log10((high - low) / most))
    step = next(power * factor for factor in (1, 2, 5, 10, 20) if (high - low) / (power * factor) <= most + 1e-9)
    if whole:
        step = max(1.0, float(ceil(step)))
    first = ceil(low / step - 1e-9)
    last = floor(high / step + 1e-9)
    return [float(f"{index * step:.12g}") for index in range(first, last + 1)]


@dataclass
class Panel:
    """One pair of axes. Values that are not finite are not drawn.

    Attributes:
        title: the title above the axes.
        x: the range of the horizontal axis.
        y: the range of the vertical axis.
        x_label: the label of the horizontal axis.
        whole_x: whether the horizontal axis has only whole numbers.
        width: the width with margins, in pixels.
        height: the height with margins, in pixels.
    """

    title: str
    x: Range
    y: Range
    x_label: str = ""
    whole_x: bool = False
    width: float = 340.0
    height: float = 240.0
    _elements: list[str] = field(default_factory=list)

    def line(self, points: Sequence[tuple[float, float]], colour: str, dashes: str = "", width: float = 1.8) -> None:
        """Draw a line through the points. It is interrupted where a value is not finite."""
        for part in _finite_parts(points):
            path = " ".join(f"{self._x(x):.1f},{self._y(y):.1f}" for x, y in part)
            dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
            self._elements.append(
                f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width:g}"{dashed}/>'
            )
            if len(part) == 1:
                self.mark(*part[0], colour)

    def mark(self, x: float, y: float, colour: str, radius: float = 3.0) -> None:
        """Draw a disc."""
        if isfinite(x) and isfinite(y):
            self._elements.append(
                f'<circle cx="{self._x(x):.1f}" cy="{self._y(y):.1f}" r="{radius:g}" fill="{colour}"/>'
            )

    def bars(self, edges: Sequence[float], heights: Sequence[float], colour: str) -> None:
        """Draw a bar between each pair of neighbouring edges."""
        zero = self._y(0.0)
        for left, right, height in zip(edges[:-1], edges[1:], heights, strict=True):
            x, width, top = self._x(left), self._x(right) - self._x(left), self._y(height)
            if height > 0:
                self._elements.append(
                    f'<rect x="{x:.1f}" y="{top:.1f}" width="{max(width - 0.6, 0.4):.1f}" '
                    f'height="{max(zero - top, 0.5):.1f}" fill="{colour}"/>'
                )

    def vertical(self, x: float, colour: str, dashes: str = "4 3") -> None:
        """Draw a vertical line over the whole height."""
        if isfinite(x):
            self.line([(x, self.y[0]), (x, self.y[1])], colour, dashes, 1.2)

    def rug(self, values: Iterable[float], colour: str) -> None:
        """Draw a short tick below the axis for each value."""
        base = self.height - BOTTOM
        path = "".join(f"M{self._x(value):.1f} {base + 1:g}v7" for value in values if isfinite(value))
        self._elements.append(f'<path d="{path}" stroke="{colour}" stroke-width="1" opacity="0.6"/>')

    def label_line(self, points: Sequence[tuple[float, float]], label: str, colour: str) -> None:
        """Write a label above the last finite point of a line."""
        if parts := _finite_parts(points):
            x, y = parts[-1][-1]
            self._elements.append(
                f'<text x="{self._x(x):.1f}" y="{self._y(y) - 5:.1f}" font-size="11" text-anchor="end" '
                f'fill="{colour}">{escape(label)}</text>'
            )

    def subtitle(self, words: str) -> None:
        """Write a line below the title."""
        self._elements.append(f'<text x="{LEFT:g}" y="36" font-size="11" fill="{SOFT}">{escape(words)}</text>')

    def svg(self) -> str:
        """Return the panel as the content of an SVG group."""
        x_ticks, y_ticks = ticks(self.x, whole=self.whole_x), ticks(self.y)
        base = self.height - BOTTOM
        grid = [
            f'<line x1="{LEFT:g}" x2="{self.width - RIGHT:g}" y1="{self._y(y):.1f}" y2="{self._y(y):.1f}" '
            f'stroke="{RULE}" stroke-width="0.7"/>'
            f'<text x="{LEFT - 6:g}" y="{self._y(y) + 4:.1f}" font-size="11" text-anchor="end">{number(y)}</text>'
            for y in y_ticks
        ]
        labels = [
            f'<text x="{self._x(x):.1f}" y="{base + 19:g}" font-size="11" text-anchor="middle">{number(x)}</text>'
            for x in x_ticks
        ]
        return "\n".join(
            [
                f'<text x="{LEFT:g}" y="20" font-size="13" font-weight="600">{escape(self.title)}</text>',
                *grid,
                f'<line x1="{LEFT:g}" x2="{self.width - RIGHT:g}" y1="{base:g}" y2="{base:g}" stroke="{INK}"/>',
                *labels,
                f'<text x="{(LEFT + self.width - RIGHT) / 2:g}" y="{self.height - 6:g}" font-size="11" '
                f'text-anchor="middle" fill="{SOFT}">{escape(self.x_label)}</text>',
                *self._elements,
            ]
        )

    def _x(self, value: float) -> float:
        low, high = self.x
        return LEFT + (value - low) / (high - low) * (self.width - LEFT - RIGHT)

    def _y(self, value: float) -> float:
        low, high = self.y
        return self.height - BOTTOM - (value - low) / (high - low) * (self.height - TOP - BOTTOM)


def _finite_parts(points: Sequence[tuple[float, float]]) -> list[list[tuple[float, float]]]:
    parts: list[list[tuple[float, float]]] = [[]]
    for x, y in points:
        if isfinite(x) and isfinite(y):
            parts[-1].append((x, y))
        elif parts[-1]:
            parts.append([])
    return [part for part in parts if part]


def picture(title: str, panels: Sequence[Panel], columns: int = 3) -> str:
    """Return panels of equal size in rows, as one SVG picture on white."""
    wide, high = panels[0].width, panels[0].height
    columns = min(columns, len(panels))
    rows = -(-len(panels) // columns)
    width, height, head = wide * columns + 16, high * rows + 48, 40
    groups = [
        f'<g transform="translate({8 + wide * (index % columns):g} {head + high * (index // columns):g})">\n'
        f"{panel.svg()}\n</g>"
        for index, panel in enumerate(panels)
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
            f'height="{height:g}" font-family="system-ui, Helvetica, Arial, sans-serif" fill="{INK}" role="img">',
            f"<title>{escape(title)}</title>",
            '<rect width="100%" height="100%" fill="#ffffff"/>',
            f'<text x="16" y="26" font-size="16" font-weight="600">{escape(title)}</text>',
            *groups,
            "</svg>\n",
        ]
    )
