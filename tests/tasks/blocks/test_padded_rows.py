import torch

from tasks.blocks.padded_rows import padded_rows


def test_padding_is_zero() -> None:
    values = torch.arange(1, 11).reshape(5, 2)
    rows = padded_rows(values, torch.tensor([0, 3]), torch.tensor([3, 1]))
    assert rows[:, 1].tolist() == [[7, 8], [0, 0], [0, 0]]
