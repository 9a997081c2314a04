import io

import numpy as np
import pytest
from PIL import Image

from tasks.images.picture_grid import GAP, LABEL_WIDTH, grey_bytes, picture_grid


def opened(content: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(content), formats=("PNG",)) as image:
        return np.asarray(image)


@pytest.mark.parametrize("scale", [1, 3])
def test_every_picture_has_its_place(scale: int) -> None:
    first, second = np.full((20, 16), 10, np.uint8), np.full((20, 16, 3), (1, 2, 3), np.uint8)
    sheet = opened(picture_grid([("read", [first, None]), ("true", [first, second])], scale))
    across, down = 16 * scale + GAP, 20 * scale + GAP
    assert sheet.shape == (2 * down + GAP, LABEL_WIDTH + 2 * across + GAP, 3)

    def place(row: int, column: int) -> np.ndarray:
        top, left = GAP + row * down, LABEL_WIDTH + column * across
        return sheet[top : top + 20 * scale, left : left + 16 * scale]

    assert (place(0, 0) == 10).all()
    assert (place(0, 1) == 255).all()
    assert (place(1, 1) == (1, 2, 3)).all()
    assert (sheet[:, :LABEL_WIDTH] < 100).any(), "the labels are written"


def test_grey_values_become_bytes() -> None:
    assert grey_bytes(np.array([-1, 0, 0.5, 1, 2])).tolist() == [0, 0, 128, 255, 255]
