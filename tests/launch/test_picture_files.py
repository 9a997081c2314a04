from pathlib import Path

import pytest

from gatebench.errors import UserError
from launch.config.settings import Settings
from launch.picture_files import PictureFiles

BOTH = ("svg", "png")


@pytest.mark.parametrize("name", ["plots", "v1.2", "plots.d0", "a.b/c"])
def test_a_name_without_the_ending_of_a_picture_is_a_folder(name: str, tmp_path: Path) -> None:
    files = PictureFiles.of(Settings(file=str(tmp_path / name)))
    assert files == PictureFiles(tmp_path / name, BOTH)
    assert files.write({"boxes.svg": b"1", "boxes.png": b"2"}) == [tmp_path / name / f"boxes.{form}" for form in BOTH]
    assert (tmp_path / name / "boxes.png").read_bytes() == b"2"


@pytest.mark.parametrize(("ending", "form"), [("svg", "svg"), ("PNG", "png")])
def test_a_name_with_such_an_ending_is_one_picture(ending: str, form: str, tmp_path: Path) -> None:
    path = tmp_path / "new" / f"figure.{ending}"
    files = PictureFiles.of(Settings(file=str(path)))
    assert files.formats == (form,)
    assert files.write({f"boxes.{form}": b"1"}) == [path]
    with pytest.raises(UserError, match=r"this study has 2 \(a\.svg, b\.svg\); name one kind"):
        files.write({"a.svg": b"", "b.svg": b""})
    with pytest.raises(UserError, match=r"this study has 3 \(a\.svg, b\.svg, …\)"):
        files.write({"a.svg": b"", "b.svg": b"", "c.svg": b""})


def test_without_a_name_the_folder_lies_in_the_home_and_never_above_it(tmp_path: Path) -> None:
    settings = Settings(home=str(tmp_path), study="../../etc")
    assert PictureFiles.of(settings).path == tmp_path / "plots" / ".._.._etc"
    assert PictureFiles.of(Settings(home=str(tmp_path), study="..")).path == tmp_path / "plots" / "study .."


def test_other_formats_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"There is no format of pictures 'pdf'\. Allowed: png, svg"):
        PictureFiles.of(Settings(file="a.pdf"))
    (tmp_path / "old.pdf").mkdir()
    assert not PictureFiles.of(Settings(file=str(tmp_path / "old.pdf"))).is_file


def test_a_file_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"The picture .*file/boxes\.svg cannot be written"):
        PictureFiles(tmp_path / "file").write({"boxes.svg": b""})
