import math

import pytest
import torch

from gatebench.task import Batch
from tasks.text.next_token import bits_and_accuracy, count_tokens, next_token_loss, tokens


def test_steps_of_padding_do_not_count() -> None:
    y = torch.tensor([[0, 1], [2, 0]])
    batch = Batch(y, y, torch.tensor([2, 1]))
    logits = torch.zeros(2, 2, 3)
    logits[0, 0, 0] = logits[1, 0, 2] = math.log(2)  # these two targets have the probability 1/2
    logits[1, 1] = 100.0 * torch.arange(3)
    nats = [math.log(2), math.log(2), math.log(3)]
    assert next_token_loss(logits, batch).item() == pytest.approx(sum(nats) / 3)
    assert tokens(batch) == 3
    tally = {name: value.item() for name, value in count_tokens(logits, batch).items()}
    assert tally == {"nats": pytest.approx(sum(nats)), "tokens": 3, "correct": 2}
    scores = bits_and_accuracy(tally)
    assert scores == {"bits": pytest.approx(sum(nats) / 3 / math.log(2)), "accuracy": pytest.approx(2 / 3)}
    whole = Batch(y, y)
    assert tokens(whole) == 4
