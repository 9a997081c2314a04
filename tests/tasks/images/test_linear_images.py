import pytest
import torch

from tasks.blocks.splits import TensorSplit
from tasks.images import linear_images
from tasks.images.linear_images import linear_image_accuracy


def split(count: int, side: int) -> TensorSplit:
    """Images of two classes: the left or the right half is bright."""
    y = torch.arange(count) % 2
    images = torch.zeros(count, side, side, 1, dtype=torch.uint8)
    for image, label in zip(images, y.tolist(), strict=True):
        image[:, label * side // 2 : (label + 1) * side // 2] = 200
    return TensorSplit(images.reshape(count, side, side), y, full_scale=255)


@pytest.mark.parametrize("side", [4, 40])
def test_it_tells_bright_halves_apart(side: int) -> None:
    assert linear_image_accuracy(split(20, side), split(7, side), (side, side, 1), 2) == 1


def test_only_so_many_training_images_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    train = split(20, 4)
    train.y[1:-1] = 1 - train.y[1:-1]  # only the first and the last image keep their classes
    assert linear_image_accuracy(train, split(8, 4), (4, 4, 1), 2) == 0
    monkeypatch.setattr(linear_images, "MOST_EXAMPLES", 2)
    assert linear_image_accuracy(train, split(8, 4), (4, 4, 1), 2) == 1
