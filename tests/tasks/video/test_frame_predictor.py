import pytest
import torch

from gatebench.cells import build_cell
from gatebench.errors import UserError
from gatebench.nn.recurrent import Recurrent
from gatebench.nn.recurrent_parts import RecurrentParts
from gatebench.task import Batch
from tasks.video.frame_predictor import FramePredictor, pixel_probabilities


def parts(directions: int = 1) -> RecurrentParts:
    cell, draws = build_cell({"base": "lstm"}), torch.Generator().manual_seed(0)
    return RecurrentParts(
        lambda size, both: Recurrent(cell, size, 4, bidirectional=both, generator=draws), 4, 0.0, directions
    )


def test_every_predicted_frame_depends_on_every_frame_that_is_read() -> None:
    body = FramePredictor(parts(), pixels=9, predicted=3)
    x = torch.rand(5, 2, 9, generator=torch.Generator().manual_seed(0)).requires_grad_()
    logits = body(x, Batch(x, torch.full((3, 2, 9), torch.nan)))
    assert logits.shape == (3, 2, 9)
    assert logits.isfinite().all(), "it does not read the targets"
    for frame in logits:
        (gradient,) = torch.autograd.grad(frame[0].sum(), x, retain_graph=True)
        assert (gradient[:, 0].abs().sum(-1) > 0).all()
        assert (gradient[:, 1] == 0).all()
    assert ((pixel_probabilities(logits) > 0) & (pixel_probabilities(logits) < 1)).all()


def test_two_directions_are_refused() -> None:
    with pytest.raises(UserError, match=r"frames of a video are read in their order; set model\.bidirectional=false"):
        FramePredictor(parts(2), pixels=9, predicted=3)
