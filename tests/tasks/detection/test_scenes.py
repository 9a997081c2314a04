import numpy as np
import torch

from tasks.blocks.random_numbers import RandomNumbers
from tasks.detection.boxes import NOTHING, overlap
from tasks.detection.scenes import Scenes, draw_scenes, ink_box
from tasks.images.digit_images import DigitImages


def digits() -> DigitImages:
    """Crosses of 8 x 8 pixels in the middle of 28 x 28; the label is the number of the digit."""
    images = torch.zeros(10, 28, 28, dtype=torch.uint8)
    images[:, 10:18, 12:16] = 255
    images[:, 12:16, 10:18] = 255
    return DigitImages(images, torch.arange(10))


def scenes(count: int = 50, seed: int = 0) -> Scenes:
    return draw_scenes(RandomNumbers(seed), digits(), count, canvas=40, most=3, sizes=(21, 28))


def test_every_box_is_the_smallest_one_around_its_digit() -> None:
    images, targets = scenes()
    assert images.shape == (50, 40, 40)
    for image, boxes in zip(images, targets, strict=True):
        covered = torch.zeros(40, 40, dtype=torch.bool)
        for x, y, width, height, label in boxes[boxes[:, 4] != NOTHING].tolist():
            rows = slice(round(y - height / 2), round(y + height / 2))
            columns = slice(round(x - width / 2), round(x + width / 2))
            ink = image[rows, columns] >= 64
            assert ink.any(0).all()
            assert ink.any(1).all()
            assert 0 <= label <= 9
            covered[rows, columns] = True
        assert not (image[~covered] >= 64).any(), "there is no digit without a box"


def test_digits_do_not_cover_each_other() -> None:
    _, targets = scenes()
    numbers = (targets[..., 4] != NOTHING).sum(1)
    assert {1, 2, 3} == set(numbers.tolist())
    shared = overlap(targets[..., :4], targets[..., :4])
    real = targets[..., 4] != NOTHING
    pairs = real[:, :, None] & real[:, None] & ~torch.eye(3, dtype=torch.bool)
    assert shared[pairs].max() == 0


def test_the_seed_gives_the_scenes() -> None:
    assert torch.equal(scenes().images, scenes().images)
    assert not torch.equal(scenes().images, scenes(seed=1).images)


def test_the_box_of_the_ink() -> None:
    square = np.zeros((6, 5), np.uint8)
    square[2:4, 1:5] = 64
    square[0, 0] = 63
    assert ink_box(square) == (2, 1, 2, 4)
    assert ink_box(np.zeros((6, 5), np.uint8)) == (0, 0, 6, 5)
