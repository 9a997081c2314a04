import io

import numpy as np
from PIL import Image

from tasks.images.box_picture import FOUND, TRUE, BoxedImage, LabelledBox, box_picture
from tasks.images.picture_grid import GAP


def test_true_boxes_are_green_and_found_ones_red() -> None:
    pixels = np.full((10, 10), 50, np.uint8)
    box, other = LabelledBox(1, 2, 5, 8, ""), LabelledBox(4, 4, 9, 9, "")
    content = box_picture([BoxedImage(pixels, [box], []), BoxedImage(pixels, [], [other])], columns=1, scale=4)
    with Image.open(io.BytesIO(content), formats=("PNG",)) as image:
        sheet = np.asarray(image)
    assert sheet.shape == (2 * (40 + GAP) + GAP, 40 + 2 * GAP, 3)
    first, second = sheet[GAP : GAP + 40, GAP:], sheet[2 * GAP + 40 :, GAP:]
    assert tuple(first[8, 4]) == tuple(first[32, 20]) == TRUE
    assert tuple(second[16, 16]) == tuple(second[36, 36]) == FOUND
    assert tuple(first[20, 10]) == (50, 50, 50)
