"""The division of the work among threads, compared with the text of the C code and with sums by hand."""

from importlib.resources import files

import pytest

from gatebench import load_cell
from gatebench.speed.shape import Shape
from gatebench.speed.work_split import WorkSplit, largest_share, serial_part, work_split

LSTM = load_cell("lstm")


def test_the_c_code_divides_as_this_module_does() -> None:
    drive, tile = (
        (files("gatebench.backends.fused") / "c" / f"{name}.c").read_text(encoding="utf-8")
        for name in ("drive", "tile")
    )
    assert drive.count("first = a->B * i / n, last = a->B * (i + 1) / n") == 2
    assert "first = total * thread() / threads(), last = total * (thread() + 1) / threads()" in drive
    assert "ceiling(outer_sum->units, OUTER_UNITS) * ceiling(outer_sum->vectors, OUTER_VECTORS)" in tile


def test_the_largest_share_is_that_of_the_thread_with_most_work() -> None:
    assert largest_share([1] * 64, 8) == 1 / 8
    assert largest_share([1] * 64, 48) == 2 / 64
    assert largest_share([1] * 16, 32) == 1 / 16
    assert largest_share([3, 1, 1, 1], 2) == 4 / 6


def test_the_pieces_of_the_gradients_are_blocks_of_6_units_and_4_vectors() -> None:
    split = work_split(LSTM, Shape(10, 16, 6, 16), 2)  # H: blocks of 6, 6, 4; I: 6; biases: 1; one block of 4 vectors
    assert split.sequences == 1 / 2
    assert split.gradients == pytest.approx(12 / 23)


def test_one_sequence_is_not_divided() -> None:
    assert work_split(LSTM, Shape(61, 1, 88, 100), 8).speed(0.0) == 1


def test_the_speed_is_limited_by_the_largest_share_and_by_the_serial_part() -> None:
    split = WorkSplit(8, 1 / 8, 1 / 8)
    assert split.speed(0.0) == pytest.approx(8)
    assert split.speed(0.1) == pytest.approx(1 / (0.1 + 0.9 / 8))
    assert WorkSplit(8, 1 / 4, 1 / 8).share == pytest.approx(2 / 3 / 4 + 1 / 3 / 8)


def test_the_serial_part_follows_from_two_times() -> None:
    two = WorkSplit(2, 0.5, 0.5)
    assert serial_part(10.0, 6.0, two) == pytest.approx(0.2)
    assert serial_part(10.0, 4.0, two) == 0
    assert serial_part(10.0, 12.0, two) == 1
    assert serial_part(10.0, 10.0, WorkSplit(2, 1.0, 1.0)) == 1
