import torch

from gatebench.task import Batch
from tasks.blocks.splits import TensorSplit
from tasks.video.simple_video_classes import frame_difference, middle_frame, simple_accuracies


def split(count: int, seed: int) -> TensorSplit:
    """Videos of four frames of 2 x 2 pixels: in class 1 the first pixel becomes lighter, from a random value."""
    draws = torch.Generator().manual_seed(seed)
    y = torch.arange(count) % 2
    x = torch.rand(count, 1, 4, generator=draws).expand(-1, 4, -1).clone()
    x[:, :, 0] += 0.3 * y[:, None] * torch.arange(4)
    return TensorSplit(x, y)


def test_what_changes_is_in_the_difference_and_hardly_in_one_frame() -> None:
    scores = simple_accuracies(split(200, 0), split(100, 1), (2, 2, 1), 2)
    assert scores["majority"] == 0.5
    assert scores["frame difference"] == 1
    assert scores["single frame"] < 0.9


def test_padding_is_no_frame() -> None:
    x = torch.arange(5.0)[:, None, None].expand(5, 2, 3)
    batch = Batch(x, torch.zeros(2), torch.tensor([5, 3]))
    assert middle_frame(batch)[:, 0].tolist() == [2, 1]
    assert frame_difference(batch)[:, 0].tolist() == [4, 2]
    assert middle_frame(Batch(x, torch.zeros(2)))[:, 0].tolist() == [2, 2]
