import torch

from tasks.video.digit_frames import DigitFrames
from tasks.video.prediction_split import PredictionSplit


def test_the_first_frames_are_read_and_the_others_are_the_targets() -> None:
    places = torch.arange(4).reshape(1, 4, 1, 1).expand(3, 4, 1, 2)
    videos = DigitFrames(
        torch.full((1, 2, 2), 255, dtype=torch.uint8), torch.zeros(3, 4, 1, dtype=torch.int64), places, 5
    )
    split = PredictionSplit(videos, 3)
    batch = split.batch(torch.tensor([2, 0]))
    frames = videos.frames(torch.tensor([2, 0]))
    assert len(split) == 3
    assert torch.equal(batch.x, frames[:3])
    assert torch.equal(batch.y, frames[3:])
    assert batch.lengths is None
