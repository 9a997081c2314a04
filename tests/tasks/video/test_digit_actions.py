import pytest
import torch
from torch import Tensor

from tasks.blocks.random_numbers import RandomNumbers
from tasks.images.digit_images import DigitImages
from tasks.video.digit_actions import CHANGES, DIRECTIONS, QUESTIONS, ClipSize, what_changes, what_moves, where_it_moves

STAGE = ClipSize(frames=6, canvas=20)


def digits() -> DigitImages:
    """Twenty squares of 8 x 8 pixels; a digit of class c has the grey value 100 + 10 c."""
    labels = torch.arange(20) % 10
    images = (100 + 10 * labels)[:, None, None].expand(20, 8, 8)
    return DigitImages(images.to(torch.uint8), labels)


def frames_of(actions: object, number: int) -> Tensor:
    """Return the frames (T, R, R) of a video, from 0 to 255."""
    videos = actions.videos  # type: ignore[attr-defined]
    frames: Tensor = videos.frames(torch.tensor([number]))[:, 0] * 255
    return frames.reshape(-1, 20, 20)


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_seed_gives_the_videos_and_no_digit_leaves_them(question: str) -> None:
    one, again = (QUESTIONS[question](RandomNumbers(3), digits(), 200, STAGE) for _ in range(2))
    assert torch.equal(one.labels, again.labels)
    assert torch.equal(one.videos.frames(torch.arange(200)), again.videos.frames(torch.arange(200)))
    assert one.videos.places.min() >= 0
    assert one.videos.places.max() <= 12
    assert sorted(set(one.labels.tolist())) == list(range({"where": 8, "what": 10, "change": 7}[question]))


def test_a_digit_moves_in_the_direction_of_its_class() -> None:
    actions = where_it_moves(RandomNumbers(0), digits(), 100, STAGE)
    steps = actions.videos.places[:, 1:, 0] - actions.videos.places[:, :-1, 0]
    velocity = torch.tensor(list(DIRECTIONS.values()))[actions.labels]
    assert (steps == velocity[:, None]).all()


def test_the_digit_of_the_class_moves_and_the_other_one_stands_still() -> None:
    actions = what_moves(RandomNumbers(0), digits(), 100, STAGE)
    classes = digits().labels[actions.videos.chosen[:, 0]]
    assert torch.equal(classes[:, 0], actions.labels)
    assert (classes[:, 1] != classes[:, 0]).all()
    moved = (actions.videos.places[:, -1] != actions.videos.places[:, 0]).any(-1)
    assert moved[:, 0].all()
    assert not moved[:, 1].any()


def test_only_what_the_class_names_changes() -> None:
    actions = what_changes(RandomNumbers(0), digits(), 200, STAGE)
    for number, label in enumerate(actions.labels.tolist()):
        change, frames = CHANGES[label], frames_of(actions, number)
        first, last = frames[0], frames[-1]
        light = (frames.amax((1, 2))).tolist()
        covered = (frames > 0).sum((1, 2)).tolist()
        if change == "nothing":
            assert (frames == first).all()
        elif change == "place":
            assert covered[0] == covered[-1]
            assert (first != last).any()
        elif change in ("larger", "smaller"):
            assert covered == sorted(covered, reverse=change == "smaller")
            assert covered[0] != covered[-1]
        elif change in ("lighter", "darker"):
            assert light == sorted(light, reverse=change == "darker")
            assert min(light) == pytest.approx(0.4 * max(light))
            assert ((first > 0) == (last > 0)).all()
        else:
            assert light[0] != light[-1]
            assert len(set(light)) == 2, "it becomes the other digit at once"
