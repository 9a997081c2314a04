"""A row as plain data."""

import json

import pytest

from gatebench.speed.shape import Shape
from gatebench.speed.timed_row import Ratio, Status, TimedRow
from gatebench.speed.timing import Timing

SHAPE = Shape(4, 3, 2, 5)


def test_a_row_is_plain_data() -> None:
    row = TimedRow("lstm", SHAPE, 2, "fused", True, timing=Timing(0.2, 0.1, 0.3, 9), ratios=(Ratio("torch", 1.5, 0.4),))
    found = json.loads(json.dumps(row.to_dict()))
    assert found["shape"] == {"T": 4, "B": 3, "I": 2, "H": 5}
    assert found["timing"] == {"median": 0.2, "first_quartile": 0.1, "third_quartile": 0.3, "repetitions": 9}
    assert found["ratios"] == [{"against": "torch", "speed": 1.5, "memory": 0.4}]
    assert row.label == "fused, recording"


@pytest.mark.parametrize(
    ("status", "message", "wrong"),
    [("timed", "", False), ("timed", "No peak.", True), ("refused", "No.", False), ("differs", "So.", True)],
)
def test_a_refusal_is_not_wrong_but_every_other_message_is(status: Status, message: str, wrong: bool) -> None:
    assert TimedRow("lstm", SHAPE, 1, "fused", status=status, message=message).wrong is wrong
