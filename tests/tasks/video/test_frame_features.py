import math

import pytest
import torch

from gatebench.export.onnx_check import largest_difference
from gatebench.export.onnx_model import network_model
from gatebench.export.plain_torch import largest_plain_difference, plain_torch
from tasks.blocks.objectives import LastStep
from tasks.video.frame_features import FrameFeatures, means
from tests.gatebench.export.networks import CLASSES, H, floats, network


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


@pytest.mark.parametrize("shape", [(8, 12, 1), (3, 5, 3), (52, 40, 3)])
def test_an_exported_network_computes_the_same(shape: tuple[int, int, int]) -> None:
    encoder = FrameFeatures(*shape, filters=2)
    size = math.prod(shape)
    net = network(encoder, LastStep(H, classes=CLASSES), inputs=encoder.features)
    batch = floats([6, 2, 4], size=size)
    content = network_model(net, batch).SerializeToString()
    assert largest_difference(content, net, [batch, floats([1, 2, 2], steps=2, size=size)]) < 1e-5
    files = plain_torch(net, "A network.", "a.safetensors")
    assert largest_plain_difference(files, net, [batch]) < 1e-5


@pytest.mark.parametrize(("size", "places"), [(13, 8), (20, 8), (8, 8), (16, 8)])
def test_the_means_are_those_of_the_adaptive_average(size: int, places: int) -> None:
    values = torch.rand(1, size, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    expected = torch.nn.functional.adaptive_avg_pool1d(values, places)[0]
    assert torch.allclose(torch.from_numpy(means(size, places)) @ values[0], expected)
