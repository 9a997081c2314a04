from math import log

import pytest
import torch

from gatebench.task import Batch
from tasks.video.digit_frames import DigitFrames
from tasks.video.frame_scores import (
    SimplePredictions,
    frame_cross_entropy,
    frame_entropy,
    frame_scores,
    similarity,
    simple_cross_entropies,
    tally_frames,
)
from tasks.video.prediction_split import PredictionSplit


def still_videos(count: int = 12) -> PredictionSplit:
    """White squares of 4 x 4 pixels that stand still, each at one of two places."""
    places = torch.zeros(count, 5, 1, 2, dtype=torch.int64)
    places[::2] = 8
    images = torch.full((1, 4, 4), 255, dtype=torch.uint8)
    return PredictionSplit(DigitFrames(images, torch.zeros(count, 5, 1, dtype=torch.int64), places, 12), 2)


def test_nothing_known_costs_the_logarithm_of_two_a_pixel() -> None:
    y = torch.rand(3, 2, 10, generator=torch.Generator().manual_seed(0))
    batch, logits = Batch(y, y), torch.zeros(3, 2, 10)
    assert frame_cross_entropy(logits, batch).item() == pytest.approx(10 * log(2), rel=1e-5)
    scores = frame_scores({name: value.item() for name, value in tally_frames(logits, batch).items()})
    assert scores["cross_entropy"] == pytest.approx(10 * log(2), rel=1e-5)
    assert scores["mse"] == pytest.approx((y - 0.5).square().sum(-1).mean().item(), rel=1e-5)


def test_the_least_cross_entropy_is_that_of_the_true_grey_values() -> None:
    y = torch.rand(3, 2, 10, generator=torch.Generator().manual_seed(0))
    batch = Batch(y, y)
    least = frame_entropy(batch).mean().item()
    assert frame_cross_entropy(torch.logit(y), batch).item() == pytest.approx(least, rel=1e-5)
    assert frame_cross_entropy(torch.logit(y) + 0.1, batch).item() > least
    assert frame_entropy(Batch(y.round(), y.round())).max() == 0


def test_equal_frames_are_similar_and_others_less() -> None:
    frames = torch.rand(2, 3, 144, generator=torch.Generator().manual_seed(0))
    assert similarity(frames, frames, 12) == pytest.approx(torch.ones(2, 3))
    other = frames.clone()
    other[1, 2] = other[1, 2].flip(0)
    found = similarity(other, frames, 12)
    assert found[1, 2] < 0.5
    assert found[0].min() > 0.999


def test_the_last_frame_foretells_what_stands_still() -> None:
    split = still_videos()
    scores = simple_cross_entropies(split, split)
    assert scores["last frame"] < 0.2 * scores["mean"]
    light = 2 * 16 * log(2)  # each pixel of both places is light in half of the videos
    assert scores["mean"] == pytest.approx(light, rel=0.2)


def test_probabilities_are_counted_on_the_training_part() -> None:
    split = still_videos()
    predict, batch = SimplePredictions(split), split.batch(torch.tensor([1]))
    predicted = predict("last frame", batch)[:, 0]
    dark, light = (12 * 16 + 1) / (12 * 16 + 2), 1 / (12 * 128 + 2)
    assert predicted[0, 0].item() == pytest.approx(dark)
    assert predicted[2, -1].item() == pytest.approx(light)
    assert predict("mean", batch)[0, 0, 0].item() == pytest.approx((6 * 3 + 1) / (12 * 3 + 2))
