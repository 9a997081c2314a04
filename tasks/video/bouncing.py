"""Places of objects that move in straight lines in a square and bounce off its edges (Srivastava et al. 2015).

N objects, T frames.
"""

import numpy as np
from numpy.typing import NDArray

from tasks.blocks.random_numbers import RandomNumbers

TRIES = 16
"""Points drawn for a direction. With a probability of 2e-11 none lies in the disc; then the last one is taken."""


def directions(draw: RandomNumbers, count: int) -> NDArray[np.float64]:
    """Return unit vectors (N, 2) in random directions.

    They are points of a disc, drawn by rejection and divided by their norm. Sines and cosines would differ in the last
    bit between machines.
    """
    points = 2 * draw.uniform(count, TRIES, 2) - 1
    squares = (points * points).sum(2)
    inside = (squares <= 1) & (squares > 0)
    inside[:, -1] = True
    chosen = inside.argmax(1)
    rows = np.arange(count)
    norms = np.sqrt(squares[rows, chosen])
    vectors: NDArray[np.float64] = points[rows, chosen] / norms[:, None]
    return vectors


def bouncing_places(
    start: NDArray[np.float64], velocity: NDArray[np.float64], frames: int, free: int
) -> NDArray[np.int64]:
    """Return the row and the column (N, T, 2) of the top left pixel of each object in each frame.

    An object moves along its velocity, and then stops at the edge that it has reached and turns around.

    Args:
        start: the places before the first frame, (N, 2), from 0 to 1.
        velocity: the way from a frame to the next, (N, 2).
        frames: T.
        free: the number of pixels of a side that an object does not cover; a place of 1 is this row or column.
    """
    place, velocity = start.copy(), velocity.copy()
    found = np.empty((len(start), frames, 2), np.int64)
    for frame in range(frames):
        place += velocity
        reached = (place <= 0) | (place >= 1)
        np.clip(place, 0, 1, out=place)
        velocity[reached] *= -1
        found[:, frame] = (place * free).astype(np.int64)
    return found
