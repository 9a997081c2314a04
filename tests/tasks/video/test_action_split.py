import torch

from tasks.video.action_split import ActionSplit
from tasks.video.digit_frames import DigitFrames


def test_videos_keep_their_classes() -> None:
    chosen = torch.arange(3)[:, None, None].expand(3, 2, 1)
    images = torch.tensor([50, 100, 150], dtype=torch.uint8)[:, None, None].expand(3, 2, 2)
    videos = DigitFrames(images, chosen, torch.zeros(3, 2, 1, 2, dtype=torch.int64), 4)
    split = ActionSplit(videos, torch.tensor([7, 8, 9]))
    batch = split.batch(torch.tensor([2, 0]))
    assert len(split) == 3
    assert batch.y.tolist() == [9, 7]
    assert (batch.x[:, :, 0] * 255).round().tolist() == [[150, 50], [150, 50]]
    assert batch.lengths is None
