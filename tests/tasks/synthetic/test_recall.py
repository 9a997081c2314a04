import math

import pytest
import torch
from torch import Tensor

from gatebench.task import Batch
from tasks.synthetic.recall import Recall

T, B, H, C, K = 7, 3, 5, 4, 2
BLANK = 3
Y = torch.tensor([[0, 1], [2, 0], [1, 1]], dtype=torch.uint8)  # (B, K)
BATCH = Batch(torch.empty(T, B), Y)


def by_hand(logits: Tensor) -> tuple[float, int]:
    """The sum of the cross-entropy and the number of correct symbols, step by step."""
    nats, correct = 0.0, 0
    for t in range(len(logits)):
        for b in range(B):
            k = t - (len(logits) - K)
            target = BLANK if k < 0 else int(Y[b, k])
            nats -= math.log(torch.softmax(logits[t, b], 0)[target].item())
            correct += k >= 0 and int(logits[t, b].argmax()) == target
    return nats, correct


@pytest.mark.parametrize("steps", [T, K])
def test_scores_against_a_count_by_hand(steps: int) -> None:
    """With steps before the symbols, and without."""
    recall = Recall(BLANK)
    logits = torch.randn(steps, B, C, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    nats, correct = by_hand(logits)
    totals = {name: value.item() for name, value in recall.tally(logits, BATCH).items()}
    assert totals == pytest.approx({"nats": nats, "correct": correct, "steps": steps * B, "symbols": K * B})
    scores = recall.scores(totals)
    assert scores == pytest.approx({"cross_entropy": nats / (steps * B), "accuracy": correct / (K * B)})
    assert recall.loss(logits, BATCH).item() == pytest.approx(scores["cross_entropy"])
