import pytest
import torch
from torch import Tensor

from gatebench.cells import build_cell
from gatebench.nn.recurrent import Recurrent
from gatebench.nn.recurrent_parts import RecurrentParts
from gatebench.task import Batch
from tasks.images.patch_sweeps import Patches, PatchSweeps


def joined(images: Tensor, patch: int) -> Tensor:
    """Return images (B, side, side, K) as a batch of rows of patches."""
    return images.reshape(len(images), images.shape[1] // patch, -1).transpose(0, 1)


def sweeps(directions: int, count: int = 1) -> PatchSweeps:
    draws = torch.Generator().manual_seed(0)
    cell = build_cell({"base": "lstm"})

    def make(input_size: int, bidirectional: bool) -> Recurrent:
        return Recurrent(cell, input_size, 5, bidirectional=bidirectional, generator=draws)

    parts = RecurrentParts(make, 5, 0.0, directions)
    return PatchSweeps(parts, features=12, columns=3, rows=3, sweeps=count, classes=4)


def test_patches_are_squares_of_the_image() -> None:
    images = torch.arange(2 * 6 * 6 * 3.0).reshape(2, 6, 6, 3)
    cut = Patches(6, 3, patch=2)(joined(images, 2)).reshape(3, 2, 3, 12)
    for row in range(3):
        for column in range(3):
            square = images[:, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
            assert torch.equal(cut[row, :, column], square.flatten(1))


def test_the_convolution_is_that_of_the_image() -> None:
    images = torch.rand(2, 6, 6, 3, generator=torch.Generator().manual_seed(0))
    encoder = Patches(6, 3, patch=2, filters=4)
    assert encoder.features == 16
    cut = encoder(joined(images, 2)).reshape(3, 2, 3, 2, 2, 4)
    assert encoder.convolution is not None
    maps = encoder.convolution(images.permute(0, 3, 1, 2)).relu()
    assert torch.allclose(cut[1, 0, 2], maps[0, :, 2:4, 4:6].permute(1, 2, 0), atol=1e-6)


@pytest.mark.parametrize(("directions", "count"), [(1, 1), (2, 2)])
def test_every_patch_reaches_the_answer(directions: int, count: int) -> None:
    x = torch.randn(3, 2, 36, generator=torch.Generator().manual_seed(1)).requires_grad_()
    logits = sweeps(directions, count)(x, Batch(x, torch.zeros(2)))
    assert logits.shape == (2, 4)
    (gradient,) = torch.autograd.grad(logits[0].sum(), x)
    assert (gradient[:, 0].abs() > 0).all()
    assert (gradient[:, 1] == 0).all(), "an image does not read another one"


def test_an_output_has_read_what_lies_before_it_in_both_dimensions() -> None:
    body = sweeps(1)
    x = torch.randn(3, 1, 36, generator=torch.Generator().manual_seed(1)).requires_grad_()
    place = 1 * 3 + 1  # row 1, column 1
    weights = torch.zeros_like(body.linear.weight)
    weights[0, 5 * place : 5 * place + 5] = 1
    body.linear.weight.data = weights
    (gradient,) = torch.autograd.grad(body(x, Batch(x, torch.zeros(1)))[0, 0], x)
    read = gradient.reshape(3, 3, 12).abs().sum(-1) > 0
    assert read.tolist() == [[True, True, False], [True, True, False], [False, False, False]]


def test_the_parts_have_names() -> None:
    draws, names = torch.Generator(), []

    class Named(RecurrentParts):
        def add(self, name: str, input_size: int, *, causal: bool = False):  # type: ignore[no-untyped-def]
            names.append((name, input_size, causal))
            return super().add(name, input_size, causal=causal)

    cell = build_cell({"base": "gru"})
    make = Named(lambda size, both: Recurrent(cell, size, 5, bidirectional=both, generator=draws), 5, 0.0, 2)
    PatchSweeps(make, features=7, columns=2, rows=2, sweeps=2, classes=3)
    assert names == [
        ("vertical", 7, False),
        ("horizontal", 10, False),
        ("vertical 2", 10, False),
        ("horizontal 2", 10, False),
    ]
