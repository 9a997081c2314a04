"""Features of each frame of a video, which recurrent layers read. T frames, B batch, R rows, C columns, K channels."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gatebench.module_export import OnnxNodes, PlainModule

MOST_PLACES = 8
"""The largest number of rows and of columns of the features; larger maps are averaged."""


class FrameFeatures(nn.Module):
    """Two convolutions with stride 2 and rectifiers, the same for all frames.

    Args:
        rows: R.
        columns: C.
        channels: K.
        filters: the number of filters of the first convolution; the second one has twice as many.

    Attributes:
        features: the number of features of a frame.
    """

    def __init__(self, rows: int, columns: int, channels: int, *, filters: int) -> None:
        super().__init__()
        self.shape = (rows, columns, channels)
        self.first = nn.Conv2d(channels, filters, 3, stride=2, padding=1)
        self.second = nn.Conv2d(filters, 2 * filters, 3, stride=2, padding=1)
        self.maps = (-(-rows // 4), -(-columns // 4))
        self.places = (min(self.maps[0], MOST_PLACES), min(self.maps[1], MOST_PLACES))
        self.features = 2 * filters * self.places[0] * self.places[1]

    def forward(self, x: Tensor) -> Tensor:
        """Return the features (T, B, F) of the frames x (T, B, R · C · K)."""
        return frame_features(x, self.first, self.second, self.shape, self.places)

    def to_onnx(self, nodes: OnnxNodes, x: str, lengths: str | None) -> str:
        """See `gatebench.module_export.ExportableModule`."""
        del lengths
        frames = nodes.add("Reshape", x, nodes.constant(np.array([-1, *self.shape])))
        maps = nodes.add("Transpose", frames, perm=[0, 3, 1, 2])
        for layer in (self.first, self.second):
            weights = [nodes.constant(values.detach().cpu().numpy()) for values in layer.parameters()]
            maps = nodes.add("Relu", nodes.add("Conv", maps, *weights, strides=[2, 2], pads=[1, 1, 1, 1]))
        if self.maps != self.places:
            down, across = (
                means(size, places).astype(self.first.weight.detach().cpu().numpy().dtype)
                for size, places in zip(self.maps, self.places, strict=True)
            )
            maps = nodes.add("MatMul", nodes.add("MatMul", nodes.constant(down), maps), nodes.constant(across.T))
        steps_and_batch = nodes.add("Shape", x, start=0, end=2)
        size = nodes.add("Concat", steps_and_batch, nodes.constant(np.array([self.features])), axis=0)
        return nodes.add("Reshape", maps, size)

    def to_plain(self) -> PlainModule:
        """See `gatebench.module_export.ExportableModule`."""
        layers = {"first": self.first, "second": self.second}
        members = {
            name: f"nn.Conv2d({layer.in_channels}, {layer.out_channels}, 3, stride=2, padding=1)"
            for name, layer in layers.items()
        }
        weights = {
            f"{name}.{kind}": values for name, layer in layers.items() for kind, values in layer.named_parameters()
        }
        expression = f"frame_features({{x}}, {{self}}first, {{self}}second, {self.shape}, {self.places})"
        return PlainModule(expression, members, weights=weights, functions=(frame_features,))


def frame_features(
    x: Tensor, first: nn.Module, second: nn.Module, shape: tuple[int, int, int], places: tuple[int, int]
) -> Tensor:
    """Return the features (T, B, F) of frames x (T, B, R · C · K).

    Args:
        x: the frames.
        first: the first convolution.
        second: the second convolution.
        shape: (R, C, K).
        places: the number of rows and of columns of the features.
    """
    steps, batch = x.shape[:2]
    maps = nn.functional.relu(first(x.reshape(steps * batch, *shape).permute(0, 3, 1, 2)))
    maps = nn.functional.relu(second(maps))
    if maps.shape[2:] != places:
        maps = nn.functional.adaptive_avg_pool2d(maps, places)
    return torch.reshape(maps, (steps, batch, -1))


def means(size: int, places: int) -> NDArray[np.float64]:
    """Return the matrix (places, size) of an adaptive average over one axis, as `torch.nn.AdaptiveAvgPool1d` has it.

    Examples:
        >>> means(3, 2).tolist()
        [[0.5, 0.5, 0.0], [0.0, 0.5, 0.5]]
    """
    matrix = np.zeros((places, size))
    for place in range(places):
        start, end = place * size // places, -(-(place + 1) * size // places)
        matrix[place, start:end] = 1 / (end - start)
    return matrix
