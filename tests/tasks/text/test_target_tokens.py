import math

import pytest
import torch

from gatebench.task import Batch
from tasks.text.encoder_decoder import END, PAD
from tasks.text.next_token import nats_and_accuracy
from tasks.text.target_tokens import count_targets, target_loss, target_tokens


def test_padding_does_not_count() -> None:
    y = torch.tensor([[3, END], [END, PAD]])
    logits = torch.zeros(2, 2, 4)
    logits[0, 0, 3] = math.log(3)  # this target has the probability 1/2
    logits[1, 1] = 1000.0 * torch.arange(4)
    batch = Batch(y, y)
    assert target_tokens(batch) == 3
    nats = math.log(2) + 2 * math.log(4)
    assert target_loss(logits, batch).item() == pytest.approx(nats / 3)
    tally = {name: value.item() for name, value in count_targets(logits, batch).items()}
    assert tally == {"nats": pytest.approx(nats), "tokens": 3, "correct": 1}
    assert nats_and_accuracy(tally) == {"nll": pytest.approx(nats / 3), "accuracy": pytest.approx(1 / 3)}
