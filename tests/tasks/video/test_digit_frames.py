import torch

from tasks.video.digit_frames import DigitFrames


def videos(brightness: torch.Tensor | None = None) -> DigitFrames:
    """Two videos of three frames with two digits of 2 x 2 pixels."""
    images = torch.tensor([[[255, 255], [255, 255]], [[51, 51], [51, 51]]], dtype=torch.uint8)
    chosen = torch.tensor([[[0, 1]] * 3, [[1, 1]] * 3])
    places = torch.tensor([[[0, 0], [1, 1]], [[0, 1], [2, 2]], [[2, 2], [0, 0]]]).expand(2, 3, 2, 2)
    return DigitFrames(images, chosen, places, 4, brightness)


def test_the_lighter_pixel_is_seen() -> None:
    frames = videos().frames(torch.tensor([0])).reshape(3, 4, 4)
    expected = torch.zeros(4, 4)
    expected[1:3, 1:3] = 0.2
    expected[:2, :2] = 1
    assert torch.allclose(frames[0], expected)
    assert torch.allclose(frames[2].flip(0, 1)[:2, :2], torch.ones(2, 2))


def test_videos_keep_their_order() -> None:
    both = videos().frames(torch.tensor([1, 0]))
    assert both.shape == (3, 2, 16)
    assert torch.equal(both[:, 1], videos().frames(torch.tensor([0]))[:, 0])
    assert both[:, 0].max() == torch.tensor(51) / 255


def test_a_digit_may_fade() -> None:
    brightness = torch.ones(2, 3, 2)
    brightness[:, 2, 0] = 0.5
    frames = videos(brightness).frames(torch.tensor([0]))
    assert [frame.max().item() for frame in frames[:, 0]] == [1, 1, 0.5]
