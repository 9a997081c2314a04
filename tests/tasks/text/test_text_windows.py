import numpy as np
import pytest
import torch

from tasks.text.text_windows import text_windows


@pytest.mark.parametrize("length", [1, 3, 4, 9, 50])
def test_every_token_except_the_first_is_predicted_once_after_the_one_before(length: int) -> None:
    text = np.arange(10, 20)
    split = text_windows(text, length)
    batch = split.batch(torch.arange(len(split)))
    assert batch.lengths is not None
    pairs = [
        (int(batch.x[t, n]), int(batch.y[t, n])) for n, end in enumerate(batch.lengths.tolist()) for t in range(end)
    ]
    assert pairs == [(token, token + 1) for token in range(10, 19)]
    assert split.steps == min(length, 9)
