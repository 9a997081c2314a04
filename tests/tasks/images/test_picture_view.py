import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gatebench.errors import UserError
from gatebench.own_input import OwnInput
from tasks.images.picture_view import frame_strip, picture, read_grey_image, read_places


def test_pixels_stand_where_they_were_read() -> None:
    order = np.array([3, 1, 0, 2])
    places = read_places(2, 2, 1, order)
    assert places.tolist() == [[3], [1], [0], [2]]
    view = picture(np.array([[0.3], [0.1], [0.0], [0.2]]), places, 2, 2)
    assert view.pixels.ravel().tolist() == pytest.approx([0.0, 0.1, 0.2, 0.3])


def test_colours_of_a_pixel_stand_together() -> None:
    inputs = np.arange(12.0).reshape(2, 6) / 12
    view = picture(inputs, read_places(2, 2, 2), 2, 2, channels=3)
    assert view.pixels.shape == (2, 2, 3)
    assert view.pixels[1, 0].tolist() == pytest.approx([6 / 12, 7 / 12, 8 / 12])


def image_file(path: Path, grey: np.ndarray) -> OwnInput:
    content = io.BytesIO()
    Image.fromarray(grey.astype(np.uint8)).save(content, "PNG")
    path.write_bytes(content.getvalue())
    return OwnInput(file=path)


def test_an_image_is_read_as_grey_values(tmp_path: Path) -> None:
    grey = np.array([[0, 51], [102, 204]])
    pixels, notes = read_grey_image(image_file(tmp_path / "a.png", grey), 2, 2)
    assert pixels.tolist() == [pytest.approx([0, 0.2]), pytest.approx([0.4, 0.8])]
    assert notes == ()


def test_an_image_is_scaled_and_inverted_with_a_note(tmp_path: Path) -> None:
    grey = np.full((4, 6), 255)
    grey[:2, :3] = 0
    pixels, notes = read_grey_image(image_file(tmp_path / "a.png", grey), 2, 2)
    assert pixels.tolist() == [[1.0, 0.0], [0.0, 0.0]]
    assert notes == (
        "The image was scaled from 6 x 4 to 2 x 2.",
        "The image was inverted, because the images of the task are light on a dark ground.",
    )


def test_transparent_parts_of_an_image_are_white(tmp_path: Path) -> None:
    black_and_transparent = np.zeros((2, 2, 4))
    black_and_transparent[0, 0, 3] = 255
    pixels, notes = read_grey_image(image_file(tmp_path / "a.png", black_and_transparent), 2, 2)
    assert pixels.tolist() == [[1.0, 0.0], [0.0, 0.0]]
    assert len(notes) == 1


@pytest.mark.parametrize("content", [b"", b"no image", b"\x89PNG\r\n\x1a\n" + bytes(20)])
def test_a_file_that_is_no_image_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "a.png"
    file.write_bytes(content)
    with pytest.raises(UserError, match=r"a\.png is no image in PNG, JPEG, GIF or BMP\.$"):
        read_grey_image(OwnInput(file=file), 2, 2)


def test_frames_stand_side_by_side() -> None:
    frames = np.arange(2 * 9, dtype=np.float32).reshape(2, 9) / 18
    strip = frame_strip(frames, 3, 3)
    assert strip.pixels.shape == (3, 6)
    assert np.array_equal(strip.pixels.ravel()[strip.places], frames)
    assert np.array_equal(strip.pixels[:, 3:], frames[1].reshape(3, 3))
    colours = frame_strip(np.arange(36, dtype=np.float32).reshape(2, 18) / 36, 2, 3, 3)
    assert colours.pixels.shape == (2, 6, 3)
    assert np.allclose(colours.pixels[1, 5], np.array([33, 34, 35]) / 36)
