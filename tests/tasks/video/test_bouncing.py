import numpy as np

from tasks.blocks.random_numbers import RandomNumbers
from tasks.video.bouncing import bouncing_places, directions


def test_directions_are_unit_vectors_of_all_angles() -> None:
    found = directions(RandomNumbers(0), 4000)
    assert np.allclose((found**2).sum(1), 1)
    counts, _ = np.histogram(np.arctan2(found[:, 0], found[:, 1]), bins=8, range=(-np.pi, np.pi))
    assert counts.min() > 400


def test_an_object_turns_around_at_the_edge() -> None:
    places = bouncing_places(np.array([[0.5, 0.75]]), np.array([[0.0, 0.125]]), 5, 16)
    assert places[0, :, 0].tolist() == [8] * 5
    assert places[0, :, 1].tolist() == [14, 16, 14, 12, 10]


def test_no_object_leaves_the_square() -> None:
    draw = RandomNumbers(1)
    places = bouncing_places(draw.uniform(50, 2), directions(draw, 50), 30, 12)
    assert places.min() == 0
    assert places.max() == 12
