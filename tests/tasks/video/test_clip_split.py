import torch

from tasks.video.clip_split import ClipSplit


def test_bytes_become_numbers_and_the_padding_is_dark() -> None:
    values = torch.tensor([[255, 0], [51, 51], [102, 0], [0, 0]], dtype=torch.uint8)
    split = ClipSplit(values, torch.tensor([0, 2]), torch.tensor([2, 1]), torch.tensor([5, 6]))
    batch = split.batch(torch.tensor([1, 0]))
    assert batch.y.tolist() == [6, 5]
    assert torch.allclose(batch.x[:, 0], torch.tensor([[0.4, 0], [0, 0]]))
    assert torch.allclose(batch.x[:, 1], torch.tensor([[1, 0], [0.2, 0.2]]))
    assert batch.lengths is not None
    assert batch.lengths.tolist() == [1, 2]
