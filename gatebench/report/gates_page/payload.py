"""The data of the page: the example's view and the gates, as values that JSON can hold. Arrays become base64.

T time, U units of all directions, R rows, C columns.
"""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatebench.views import Curves, PianoRoll, Picture, Spectrogram, View, Words


@dataclass(frozen=True)
class GateValues:
    """The values of one role of one gate on an example.

    Attributes:
        label: the role and the gate as tables name them, for example "keep (f)".
        unit: whether all values lie in [0, 1].
        values: (T, U).
    """

    label: str
    unit: bool
    values: NDArray[Any]


def view_data(view: View) -> dict[str, Any]:
    """Return a view for the script. `kind` names it."""
    match view:
        case Words(words):
            return {"kind": "words", "words": list(words)}
        case Picture(pixels, places):
            return {"kind": "picture", "pixels": array(pixels, 0.0, 1.0), "places": places.tolist()}
        case Spectrogram(values, seconds):
            return {"kind": "spectrogram", "values": array(values), "seconds": seconds}
        case Curves(values, names):
            return {"kind": "curves", "values": array(values), "names": list(names)}
        case PianoRoll(sounds, lowest):
            return {"kind": "roll", "values": array(sounds.astype(np.float32), 0.0, 1.0), "lowest": lowest}


def layer_data(gates: Sequence[GateValues]) -> list[dict[str, Any]]:
    """Return the gates of a layer for the script."""
    return [
        {
            "label": gate.label,
            "unit": gate.unit,
            "values": array(gate.values, 0.0, 1.0) if gate.unit else array(gate.values),
        }
        for gate in gates
    ]


def array(values: NDArray[Any], low: float | None = None, high: float | None = None) -> dict[str, Any]:
    """Return an array in steps of 1/255 of its range. A picture on a screen shows no finer steps.

    Args:
        values: the array, of any shape.
        low: the value that becomes 0; None for the smallest value.
        high: the value that becomes 255; None for the greatest value.
    """
    finite = values[np.isfinite(values)]
    low = float(finite.min(initial=0)) if low is None else low
    high = float(finite.max(initial=0)) if high is None else high
    inside = np.clip(np.nan_to_num(values, nan=low), low, high)
    steps = np.rint(255 * (inside - low) / ((high - low) or 1.0)).astype(np.uint8)
    return {"shape": list(values.shape), "low": low, "high": high, "bytes": b64encode(steps.tobytes()).decode()}
