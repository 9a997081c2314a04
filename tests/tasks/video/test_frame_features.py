import pytest
import torch

from tasks.video.frame_features import FrameFeatures


@pytest.mark.parametrize(("rows", "columns", "channels", "features"), [(8, 12, 1, 24), (3, 5, 3, 8), (80, 40, 3, 256)])
def test_each_frame_has_its_own_features(rows: int, columns: int, channels: int, features: int) -> None:
    torch.manual_seed(0)
    encoder = FrameFeatures(rows, columns, channels, filters=2)
    assert encoder.features == features
    for weight in encoder.parameters():
        weight.data.abs_()  # so that no rectifier is closed
    x = torch.rand(4, 3, rows * columns * channels, generator=torch.Generator().manual_seed(0)).requires_grad_()
    found = encoder(x)
    assert found.shape == (4, 3, features)
    (gradient,) = torch.autograd.grad(found[2, 1].sum(), x)
    read = gradient.abs().sum(-1) > 0
    assert read.nonzero().tolist() == [[2, 1]]


def test_the_channels_of_a_pixel_stand_together() -> None:
    encoder = FrameFeatures(4, 4, 3, filters=1)
    encoder.first.weight.data.zero_()
    encoder.first.weight.data[0, 2, 1, 1] = 1  # the blue value of the pixel itself
    encoder.first.bias.data.zero_()  # type: ignore[union-attr]
    image = torch.rand(1, 1, 4, 4, 3)
    maps = encoder.first(image.reshape(1, 4, 4, 3).permute(0, 3, 1, 2))
    assert torch.equal(maps[0, 0], image[0, 0, ::2, ::2, 2])
