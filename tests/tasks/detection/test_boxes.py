import pytest
import torch

from tasks.detection.boxes import Regions, corners, overlap


def test_the_overlap_is_the_intersection_divided_by_the_union() -> None:
    one = torch.tensor([[5.0, 5.0, 4.0, 2.0]])
    others = torch.tensor([[5.0, 5.0, 4.0, 2.0], [7.0, 5.0, 4.0, 2.0], [5.0, 5.0, 2.0, 2.0], [9.5, 5.0, 4.0, 2.0]])
    assert overlap(one, others)[0].tolist() == pytest.approx([1, 4 / 12, 0.5, 0])
    assert corners(one).tolist() == [[3, 4, 7, 6]]


def test_what_is_encoded_is_decoded() -> None:
    regions = Regions(48, 2, 3)
    boxes = torch.rand(12, 4, generator=torch.Generator().manual_seed(0)) * 20 + 5
    numbers = regions.encoded(boxes, torch.arange(12))
    assert torch.allclose(regions.decoded(numbers[None])[0], boxes, atol=1e-4)
    assert regions.decoded(torch.full((1, 12, 4), -9.0))[0, 0, 2:].tolist() == [1, 1]


def test_the_regions_go_row_by_row() -> None:
    regions = Regions(48, 2, 3)
    assert regions.count == 12
    assert regions.centres(torch.zeros(1))[::3].tolist() == [[12, 12], [36, 12], [12, 36], [36, 36]]
    boxes = torch.tensor([[3.0, 4.0, 1, 1], [30.0, 4.0, 1, 1], [3.0, 40.0, 1, 1], [48.0, 48.0, 1, 1]])
    assert regions.region_of(boxes).tolist() == [0, 1, 2, 3]
    assert regions.decoded(torch.zeros(1, 12, 4))[0, 3].tolist() == [36, 12, 12, 12]
