import pytest
import torch
from torch import Tensor

from tasks.detection import box_scores
from tasks.detection.box_scores import FoundBoxes, average_precision, check_pycocotools, count_boxes, f1_score
from tasks.detection.boxes import NOTHING

BOX, SHIFTED, AWAY = (10.0, 10.0, 8.0, 8.0), (12.0, 10.0, 8.0, 8.0), (30.0, 30.0, 8.0, 8.0)
"""The second one overlaps the first one by 0.6."""


def found(*boxes: tuple[tuple[float, ...], float, int]) -> FoundBoxes:
    return FoundBoxes(
        torch.tensor([[one[0] for one in boxes]]),
        torch.tensor([[one[1] for one in boxes]]),
        torch.tensor([[one[2] for one in boxes]]),
    )


def targets(*boxes: tuple[tuple[float, ...], int]) -> Tensor:
    padding = (0.0, 0.0, 0.0, 0.0, NOTHING)
    return torch.tensor([[*((*box, label) for box, label in boxes), padding]])


def counts(ours: FoundBoxes, theirs: Tensor) -> dict[str, int]:
    return {name: int(value) for name, value in count_boxes(ours, theirs, 0.5).items()}


def test_a_true_box_is_found_once() -> None:
    both = found((BOX, 0.9, 1), (SHIFTED, 0.8, 1), (AWAY, 0.4, 1))
    assert counts(both, targets((BOX, 1))) == {"right": 1, "found": 2, "true": 1}
    assert f1_score({"right": 1, "found": 2, "true": 1}) == {"f1": pytest.approx(2 / 3)}
    assert f1_score({"right": 0, "found": 0, "true": 0}) == {"f1": 0}


def test_the_class_and_the_overlap_must_be_right() -> None:
    assert counts(found((BOX, 0.9, 2)), targets((BOX, 1)))["right"] == 0
    assert counts(found((AWAY, 0.9, 1)), targets((BOX, 1)))["right"] == 0
    assert counts(found((SHIFTED, 0.9, 1)), targets((BOX, 1)))["right"] == 1


def test_a_box_takes_the_one_that_it_overlaps_most() -> None:
    pair = targets((SHIFTED, 1), (BOX, 1))
    assert counts(found((BOX, 0.9, 1), (SHIFTED, 0.8, 1)), pair) == {"right": 2, "found": 2, "true": 2}


def test_the_average_precision_of_known_boxes() -> None:
    """Class 1 has two true boxes and finds right, wrong, right: precision 1 up to recall 1/2, then 2/3."""
    ours = found((BOX, 0.9, 1), (AWAY, 0.8, 1), ((30.0, 10.0, 8.0, 8.0), 0.7, 1), (BOX, 0.6, 0))
    theirs = targets((BOX, 1), ((30.0, 10.0, 8.0, 8.0), 1), (AWAY, 0))
    mean, each = average_precision(ours, theirs, 3)
    assert each == [0, pytest.approx((51 + 50 * 2 / 3) / 101), None]
    assert mean == pytest.approx((51 + 50 * 2 / 3) / 202)


def test_everything_found_is_one_and_nothing_is_zero() -> None:
    theirs = targets((BOX, 1), (AWAY, 0))
    mean, each = average_precision(found((BOX, 0.9, 1), (AWAY, 0.9, 0)), theirs, 2)
    assert [mean, *each] == pytest.approx([1, 1, 1])
    nothing = FoundBoxes(torch.zeros(1, 0, 4), torch.zeros(1, 0), torch.zeros(1, 0, dtype=torch.int64))
    assert average_precision(nothing, theirs, 3) == (0, [0, 0, None])


def test_a_missing_package_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    check_pycocotools()
    monkeypatch.setattr(box_scores, "find_spec", lambda name: None)
    with pytest.raises(Exception, match=r"needs the package pycocotools; install it with pip install"):
        check_pycocotools()
