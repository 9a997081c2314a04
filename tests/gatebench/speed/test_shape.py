"""Sizes, as a list and as text."""

import pytest

from gatebench.errors import UserError
from gatebench.speed.shape import Shape


def test_a_shape_is_read_and_written() -> None:
    assert Shape.of([784, 64, 1, 128]) == Shape(784, 64, 1, 128)
    assert str(Shape(784, 64, 1, 128)) == "784,64,1,128"


@pytest.mark.parametrize("given", [[], [1, 2, 3], [1, 2, 3, "x"], [1, 2, 3, 4.5], [1, 2, 3, True], 5, "1,2,3,4", None])
def test_what_is_no_shape_is_a_mistake(given: object) -> None:
    with pytest.raises(UserError, match="four whole numbers"):
        Shape.of(given)


@pytest.mark.parametrize("given", [[0, 1, 1, 1], [1, 1, -1, 1]])
def test_sizes_are_at_least_one(given: list[int]) -> None:
    with pytest.raises(UserError, match="of a shape is"):
        Shape.of(given)
