import math

import pytest
import torch

from gatebench.task import Batch
from tasks.synthetic.next_symbol import loss, next_symbol_split, scores, tally

# Two examples: 0 1 2 1, and 2 0. After the last symbol of an example there is no target.
SYMBOLS = torch.tensor([[0, 1, 2, 1], [2, 0, 1, 1]])
LEGAL = torch.tensor(
    [[[0, 1, 1], [0, 0, 1], [1, 1, 0], [1, 1, 1]], [[1, 0, 0], [1, 1, 1], [1, 1, 1], [1, 1, 1]]]
).bool()
LENGTHS = torch.tensor([4, 2])
PAIR = (0, 2)


def batch() -> Batch:
    return next_symbol_split(SYMBOLS, LEGAL, LENGTHS).batch(torch.arange(2))


def test_targets_are_the_next_symbol_and_the_allowed_symbols() -> None:
    split = next_symbol_split(SYMBOLS, LEGAL, LENGTHS)
    made = batch()
    assert made.x.tolist() == [[0, 2], [1, 0], [2, 0]]
    assert made.y[:, 0].tolist() == [[1, 0, 1, 1], [2, 0, 0, 1], [1, 1, 1, 0]]
    assert made.y[:, 1].tolist() == [[0, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]
    assert split.lengths is not None
    assert split.lengths.tolist() == [3, 1]


def test_a_stream_has_no_lengths() -> None:
    split = next_symbol_split(SYMBOLS, LEGAL, None)
    assert split.lengths is None
    assert split.batch(torch.tensor([1])).y[:, 0].tolist() == [[0, 1, 0, 0], [1, 1, 1, 1], [1, 1, 1, 1]]


def test_scores_by_hand() -> None:
    logits = torch.zeros(3, 2, 3)
    logits[0, 0] = torch.tensor([-1.0, 3.0, 2.0])  # right: 1 and 2 above 0
    logits[1, 0] = torch.tensor([0.0, 5.0, 1.0])  # wrong: 1 is above 2; agreed: 2 is above 0
    logits[2, 0] = torch.tensor([1.0, 1.0, 0.5])  # right
    logits[0, 1] = torch.tensor([0.5, 0.0, 0.4])  # right and agreed
    logits[1:, 1] = torch.nan  # after the end
    totals = {name: value.item() for name, value in tally(logits, batch(), pair=PAIR).items()}
    assert totals == {"steps": 4, "right": 3, "examples": 2, "flawless": 1, "pairs": 2, "agreed": 2}
    assert scores(totals) == {"agreement": 1, "legal": 0.75, "flawless": 0.5}
    expected = [
        -math.log(torch.softmax(logits[t, b], 0)[target].item())
        for t, b, target in ((0, 0, 1), (1, 0, 2), (2, 0, 1), (0, 1, 0))
    ]
    assert loss(logits, batch()).item() == pytest.approx(sum(expected) / 4)


def test_ties_are_not_right() -> None:
    totals = tally(torch.zeros(3, 2, 3), batch(), pair=PAIR)
    assert totals["right"] == 0
    assert totals["flawless"] == 0


def test_the_other_symbol_of_the_pair_does_not_agree() -> None:
    logits = torch.zeros(3, 2, 3)
    logits[1, 0, 0] = logits[0, 1, 2] = 1.0
    assert tally(logits, batch(), pair=PAIR)["agreed"] == 0


def test_padding_gets_no_gradient() -> None:
    logits = torch.randn(3, 2, 3, generator=torch.Generator().manual_seed(0)).requires_grad_()
    (gradient,) = torch.autograd.grad(loss(logits, batch()), logits)
    assert gradient[1:, 1].abs().max() == 0
    assert (gradient[:, 0].abs().sum(-1) > 0).all()
