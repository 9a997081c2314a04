from pathlib import Path

import pytest

from gatebench.errors import UserError
from tasks.data.class_folder import ClassFile
from tasks.video.clips import Clip, clips_of


def frame(name: str) -> ClassFile:
    return ClassFile(Path("/videos") / name, name, name.split("/")[0], None)


def names(clip: Clip, most: int) -> list[str]:
    return [file.path.name for file in clip.chosen(most)]


def test_the_frames_of_a_clip_are_in_the_order_of_their_numbers() -> None:
    files = [frame(f"run/two/{number}.png") for number in (10, 9, 1)]
    one, two = clips_of([*files, frame("run/one/a.png"), frame("run/one/b.png")])
    assert (one.folder.name, one.folder.label) == ("run/one", "run")
    assert names(two, 9) == ["1.png", "9.png", "10.png"]


def test_a_long_clip_is_read_at_even_distances() -> None:
    (clip,) = clips_of([frame(f"run/a/{number}.png") for number in range(11)])
    assert names(clip, 3) == ["0.png", "5.png", "10.png"]
    assert names(clip, 2) == ["0.png", "10.png"]
    assert len(names(clip, 11)) == 11


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        (("1.png", "2.png", "frame.png"), "/videos/run/a has frames with numbers and frame.png without one; the "),
        (("1.png", "01.png"), r"/videos/run/a has the frames 01\.png and 1\.png, which have the same number\."),
        (("f1.png", "f2.jpg", "f2.png"), r"/videos/run/a has the frames f2\.jpg and f2\.png, which have the same "),
    ],
)
def test_frames_without_an_order_are_refused(frames: tuple[str, ...], message: str) -> None:
    with pytest.raises(UserError, match=message):
        clips_of([frame(f"run/a/{name}") for name in frames])


def test_a_clip_with_one_frame_is_refused() -> None:
    with pytest.raises(UserError, match=r"/videos/run/a has one frame, 1\.png; a clip needs at least two\."):
        clips_of([frame("run/a/1.png")])
