from base64 import b64decode
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from gatebench.report.gates_page.payload import GateValues, array, layer_data, view_data
from gatebench.views import Curves, PianoRoll, Picture, Spectrogram, Words


def unpacked(packed: dict[str, Any]) -> NDArray[Any]:
    steps = np.frombuffer(b64decode(packed["bytes"]), np.uint8).reshape(packed["shape"])
    values: NDArray[Any] = packed["low"] + steps * (packed["high"] - packed["low"]) / 255
    return values


@given(arrays(np.float32, (3, 4), elements=st.floats(-100, 100, width=32)))
def test_an_array_is_kept_to_half_a_step_of_its_range(values: np.ndarray) -> None:
    packed = array(values)
    step = (packed["high"] - packed["low"]) / 255
    assert np.abs(unpacked(packed) - values).max() <= step / 2 + 1e-4


def test_values_that_are_not_finite_do_not_move_the_range() -> None:
    packed = array(np.array([1.0, np.nan, np.inf, -1.0]))
    assert (packed["low"], packed["high"]) == (-1.0, 1.0)
    assert unpacked(array(np.zeros((0, 3)))).shape == (0, 3)


def test_gates_in_the_unit_interval_have_its_range() -> None:
    unit, other = layer_data(
        [GateValues("keep (f)", True, np.full((2, 3), 0.5)), GateValues("candidate (g)", False, np.full((2, 3), -2.0))]
    )
    assert (unit["values"]["low"], unit["values"]["high"]) == (0.0, 1.0)
    assert unpacked(unit["values"]) == pytest.approx(np.full((2, 3), 0.5), abs=1 / 500)
    assert (other["unit"], other["values"]["low"]) == (False, -2.0)


def test_every_kind_of_view_has_data() -> None:
    values = np.zeros((5, 2))
    kinds = [
        view_data(view)["kind"]
        for view in (
            Words(("a", "b")),
            Picture(np.zeros((2, 2)), np.arange(4).reshape(4, 1)),
            Spectrogram(values, 0.02),
            Curves(values, ("x", "y")),
            PianoRoll(values > 0, 21),
        )
    ]
    assert kinds == ["words", "picture", "spectrogram", "curves", "roll"]
