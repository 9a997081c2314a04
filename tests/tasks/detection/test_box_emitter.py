import pytest
import torch

from gatebench.cells import build_cell
from gatebench.errors import UserError
from gatebench.nn.recurrent import Recurrent
from gatebench.nn.recurrent_parts import RecurrentParts
from gatebench.task import Batch
from tasks.detection.box_emitter import BoxEmitter, RegionFeatures
from tasks.detection.boxes import Regions

REGIONS = Regions(32, 2, 3)


def parts(directions: int = 1) -> RecurrentParts:
    cell, draws = build_cell({"base": "lstm"}), torch.Generator().manual_seed(0)
    return RecurrentParts(
        lambda size, both: Recurrent(cell, size, 4, bidirectional=both, generator=draws), 4, 0.0, directions
    )


def test_a_region_reads_the_pixels_near_it_and_no_other_image() -> None:
    torch.manual_seed(0)
    encoder = RegionFeatures(REGIONS, 6)
    body = BoxEmitter(parts(), regions=REGIONS, features=encoder.features, classes=10)
    x = torch.rand(2, 3, 512, generator=torch.Generator().manual_seed(0)).requires_grad_()
    features = encoder(x)
    assert features.shape == (2, 3, 2 * encoder.features)
    logits = body(features, Batch(x, torch.zeros(3)))
    assert logits.shape == (3, 12, 15)
    (gradient,) = torch.autograd.grad(logits[1, 9:].sum(), x)  # the region at the bottom right
    read = gradient.transpose(0, 1).reshape(3, 32, 32) != 0
    assert not read[[0, 2]].any()
    assert read[1, 16:, 16:].any()
    assert not read[1, :8, :8].any()


def test_a_later_box_knows_the_earlier_steps() -> None:
    body = BoxEmitter(parts(), regions=REGIONS, features=5, classes=10)
    logits = body(torch.rand(2, 3, 10), Batch(torch.zeros(2, 3, 1), torch.zeros(3))).reshape(3, 4, 3, 15)
    assert (logits[:, :, 1:] - logits[:, :, :1]).abs().min() > 0


def test_two_directions_are_refused() -> None:
    with pytest.raises(UserError, match="boxes are emitted one after another; set"):
        BoxEmitter(parts(2), regions=REGIONS, features=5, classes=10)
