import torch

from tasks.blocks.random_numbers import RandomNumbers
from tasks.detection.scenes import Scenes, draw_scenes
from tasks.detection.sliding_template import SlidingTemplate
from tasks.images.digit_images import DigitImages


def shapes() -> DigitImages:
    """Two classes: a cross and a square of 16 x 16 pixels."""
    images = torch.zeros(4, 28, 28, dtype=torch.uint8)
    images[:2, 12:16, 6:22] = 255
    images[:2, 6:22, 12:16] = 255
    images[2:, 6:22, 6:22] = 255
    images[2:, 10:18, 10:18] = 0
    return DigitImages(images, torch.tensor([0, 0, 1, 1]))


def scenes(seed: int) -> Scenes:
    return draw_scenes(RandomNumbers(seed), shapes(), 30, canvas=40, most=2, sizes=(28, 28))


def test_it_finds_what_equals_its_templates() -> None:
    template = SlidingTemplate(shapes(), scenes(0), (28,), 2)
    assert template.f1(scenes(1)) > 0.95
    found = template(scenes(1).images)
    assert found.boxes.shape == (30, 2, 4)
    assert found.confidence[:, 0].min() > 0.99
    assert 0.2 < template.least < 0.9


def test_templates_of_another_size_find_less() -> None:
    assert SlidingTemplate(shapes(), scenes(0), (14,), 2).f1(scenes(1)) < 0.5


def test_an_empty_image_has_no_box_above_the_threshold() -> None:
    template = SlidingTemplate(shapes(), scenes(0), (28,), 2)
    assert template(torch.zeros(1, 40, 40, dtype=torch.uint8)).confidence.max() < template.least
