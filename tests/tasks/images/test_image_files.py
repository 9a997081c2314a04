import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gatebench.errors import UserError
from tasks.data.class_folder import ClassFile
from tasks.images import image_files
from tasks.images.image_files import decode_image, read_images


def encoded(pixels: object, mode: str | None = None, kind: str = "PNG", **settings: object) -> bytes:
    out = io.BytesIO()
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(np.array(pixels))
    (image if mode is None else image.convert(mode)).save(out, kind, **settings)
    return out.getvalue()


RAMP = np.arange(24, dtype=np.uint8).reshape(4, 6)


def test_grey_and_colour() -> None:
    assert np.array_equal(decode_image(encoded(RAMP), "a", None, True), RAMP[..., None])
    assert np.array_equal(decode_image(encoded(RAMP), "a", None, False), np.stack([RAMP] * 3, -1))
    colours = np.random.default_rng(0).integers(0, 255, (4, 6, 3), np.uint8)
    assert np.array_equal(decode_image(encoded(colours), "a", None, False), colours)
    assert decode_image(encoded(colours, kind="JPEG"), "a", None, False).shape == (4, 6, 3)


def test_transparent_parts_are_white() -> None:
    clear = np.zeros((2, 2, 4), np.uint8)
    assert (decode_image(encoded(clear), "a", None, True) == 255).all()


def test_photographs_are_turned() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter to the right
    assert decode_image(encoded(RAMP, exif=exif), "a", None, True).shape == (6, 4, 1)


def test_images_are_resized() -> None:
    small = decode_image(encoded(np.repeat(np.repeat(RAMP[:2, :2], 3, 0), 3, 1)), "a", 2, True)
    assert np.array_equal(small[..., 0], RAMP[:2, :2])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"no image", r"a\.png cannot be read as an image in PNG or JPEG\."),
        (encoded(RAMP)[:-20], r"a\.png cannot be read as an image in PNG or JPEG\."),
        (encoded(RAMP, kind="GIF"), r"a\.png cannot be read as an image in PNG or JPEG\."),
        (encoded(RAMP.astype(np.uint16)), r"a\.png has more than 8 bits a channel; convert it to 8 bits\."),
    ],
)
def test_other_files_are_refused(data: bytes, message: str) -> None:
    with pytest.raises(UserError, match=message):
        decode_image(data, "a.png", None, False)


def test_a_huge_image_is_refused_before_it_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 23)
    with pytest.raises(UserError, match=r"a\.png has more than 23 pixels\."):
        decode_image(encoded(RAMP), "a.png", None, False)


def test_images_of_two_sizes_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = []
    for number, shape in enumerate([(4, 6), (4, 6), (5, 6)]):
        path = tmp_path / f"{number}.png"
        path.write_bytes(encoded(np.zeros(shape, np.uint8)))
        files.append(ClassFile(path, path.name, "a", None))
    assert read_images(files[:2], None, False).shape == (2, 4, 6, 3)
    assert read_images(files, 3, True).shape == (3, 3, 3, 1)
    with pytest.raises(UserError, match=r"0\.png has 6 x 4 pixels, and .*2\.png has 6 x 5; with task\.side=28, for"):
        read_images(files, None, False)
    monkeypatch.setattr(image_files, "MOST_BYTES", 99)
    with pytest.raises(UserError, match=r"3 images of 6 x 4 pixels need 0\.0 GiB of memory"):
        read_images(files, None, False)
