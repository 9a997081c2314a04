"""The gates of a network on one example, as text for a terminal: means over the units of a layer at each step."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from gatebench.report.gates_page.page import GatesPage
from gatebench.report.gates_page.payload import GateValues
from gatebench.views import View, Words
from launch.display.text_columns import align

BARS = "▁▂▃▄▅▆▇█"
"""The characters of a course over time, from 0 to 1."""

MOST_ROWS = 60
"""The largest number of words that are listed one below another."""

DARK, LIGHT = "\x1b[38;5;231m", "\x1b[38;5;16m"
RESET = "\x1b[0m"


def gates_text(page: GatesPage, width: int, *, colours: bool) -> str:
    """Return the gates of each layer: words with their values, and the course of every gate over time.

    Args:
        page: the example and the gates of each layer.
        width: the number of characters of a line.
        colours: whether the terminal shows colours; then words are coloured by the gates in [0, 1].
    """
    parts: list[str] = []
    for number, (gates, view, part) in enumerate(zip(page.layers, page.layer_views, page.parts, strict=True), 1):
        name = f"layer {number}, {part}\n" if part else f"layer {number}\n"
        heading = name if len(page.layers) > 1 else ""
        parts.append(heading + "\n".join(_layer(view, gates, width, colours=colours)))
    return "\n\n".join(parts)


def _layer(view: View, gates: Sequence[GateValues], width: int, *, colours: bool) -> Iterator[str]:
    means = [gate.values.mean(1) for gate in gates]
    if isinstance(view, Words):
        if colours:
            for gate, mean in zip(gates, means, strict=True):
                if gate.unit:
                    yield f"{gate.label}, {mean.min():.2f} (white) to {mean.max():.2f} (black)"
                    yield f"{_coloured(view.words, mean)}\n"
        if len(view.words) <= MOST_ROWS:
            yield _word_table(view.words, gates, means) + "\n"
    label_width = max((len(gate.label) for gate in gates), default=0)
    for gate, mean in zip(gates, means, strict=True):
        low, high = (0.0, 1.0) if gate.unit else (float(mean.min()), float(mean.max()))
        course = _course(mean, low, high, width - label_width - 22)
        yield f"{gate.label:<{label_width}}  {course}  {low:.2g} to {high:.2g}, mean {mean.mean():.2f}"


def _word_table(words: Sequence[str], gates: Sequence[GateValues], means: Sequence[NDArray[np.floating]]) -> str:
    """Return a line for each word with the mean of each gate."""
    rows = [("", *(gate.label for gate in gates))]
    rows += [(word, *(f"{mean[t]:.2f}" for mean in means)) for t, word in enumerate(words)]
    return align(rows, "l" + "r" * len(gates))


def _course(values: NDArray[np.floating], low: float, high: float, width: int) -> str:
    """Return values over time as bars. Neighbouring steps are averaged if there are more steps than characters."""
    parts = np.array_split(values, min(len(values), max(width, 10)))
    levels = [(float(part.mean()) - low) / ((high - low) or 1) for part in parts]
    return "".join(BARS[min(len(BARS) - 1, max(0, int(level * len(BARS))))] for level in levels)


def _coloured(words: Sequence[str], values: NDArray[np.floating]) -> str:
    """Return the words on grey grounds, white for the least value and black for the greatest."""
    shares = (values - values.min()) / (np.ptp(values) or 1)
    return " ".join(_on_grey(word, float(share)) for word, share in zip(words, shares, strict=True))


def _on_grey(word: str, value: float) -> str:
    grey = 255 - round(23 * value)  # 232 to 255 are greys, from black to white
    return f"\x1b[48;5;{grey}m{DARK if value > 0.5 else LIGHT}{word}{RESET}"
