from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from gatebench.errors import UserError
from tasks.data.files import MissingFile
from tasks.music.piano_rolls import CHECKSUMS, FOLDERS, SOURCE_URL, RollFile
from tests.tasks.music.small_music import mat_bytes, small_pieces, write_mat, write_small_music

FILE = RollFile("jsb_chorales", "JSB_Chorales.mat")
ROLL = np.zeros((3, 88), np.uint8)


def write(root: Path, patch: pytest.MonkeyPatch, **changed: list[NDArray[Any]]) -> Path:
    return write_mat(root, patch, FILE.name, mat_bytes({**small_pieces(), **changed}))


def test_pieces_come_frame_by_frame_with_the_next_as_target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pieces = write_small_music(tmp_path, monkeypatch)
    for split, part in zip(FILE.read(tmp_path, None), pieces.values(), strict=True):
        batch = split.batch(torch.arange(len(split)))
        assert batch.lengths is not None
        assert batch.lengths.tolist() == [len(piece) - 1 for piece in part]
        for column, piece in enumerate(part):
            length = len(piece) - 1
            np.testing.assert_array_equal(batch.x[:length, column], piece[:-1])
            np.testing.assert_array_equal(batch.y[:length, column], piece[1:])
            assert not batch.x[length:, column].any()


@pytest.mark.parametrize("stretch", [1, 3, 19, 100])
def test_stretches_predict_every_frame_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stretch: int) -> None:
    pieces = write_small_music(tmp_path, monkeypatch)
    train, val, test = FILE.read(tmp_path, stretch)
    batch = train.batch(torch.arange(len(train)))
    assert batch.lengths is not None
    assert batch.lengths.max() == min(stretch, 19)
    predicted = [batch.y[:length, column] for column, length in enumerate(batch.lengths.tolist())]
    np.testing.assert_array_equal(torch.cat(predicted), np.concatenate([piece[1:] for piece in pieces["traindata"]]))
    read = [batch.x[:length, column] for column, length in enumerate(batch.lengths.tolist())]
    np.testing.assert_array_equal(torch.cat(read), np.concatenate([piece[:-1] for piece in pieces["traindata"]]))
    assert (len(val), len(test)) == (len(pieces["validdata"]), len(pieces["testdata"]))


@pytest.mark.parametrize("dtype", ["u1", "f8", "i4", "?"])
def test_any_type_of_numbers_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dtype: str) -> None:
    write(tmp_path, monkeypatch, testdata=[np.eye(5, 88).astype(dtype)])
    batch = FILE.read(tmp_path, None)[2].batch(torch.tensor([0]))
    assert torch.equal(batch.x[:, 0], torch.eye(4, 88))
    assert batch.x.dtype == torch.float32


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_folder_is_looked_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str) -> None:
    write_mat(tmp_path, monkeypatch, FILE.name, mat_bytes(small_pieces()), folder)
    assert len(FILE.read(tmp_path, None)[0]) == 40


def test_a_piece_of_one_frame_has_nothing_to_predict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, monkeypatch, testdata=[ROLL[:1], ROLL, ROLL[:1]])
    assert len(FILE.read(tmp_path, None)[2]) == 1


@pytest.mark.parametrize(
    ("pieces", "sentence"),
    [
        ([ROLL, ROLL[:, :87]], "testdata, piece 2 is 3 x 87; it must have frames of 88 keys"),
        ([ROLL, ROLL, ROLL[:0]], "a cell is empty|piece 3 is 0 x 88"),
        ([ROLL + 2], "testdata, piece 1 holds numbers other than 0 and 1"),
        ([ROLL + 0.5], "testdata, piece 1 holds numbers other than 0 and 1"),
        ([ROLL * np.nan], "testdata, piece 1 holds numbers other than 0 and 1"),
        ([ROLL[:1]], "testdata has no piece of two frames or more"),
        ([], "testdata has no piece of two frames or more"),
    ],
)
def test_what_is_no_piano_roll_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pieces: list[NDArray[Any]], sentence: str
) -> None:
    path = write(tmp_path, monkeypatch, testdata=pieces)
    with pytest.raises(UserError, match=sentence) as caught:
        FILE.read(tmp_path, None)
    assert str(path) in str(caught.value)


def test_a_part_that_is_absent_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_mat(tmp_path, monkeypatch, FILE.name, mat_bytes({"traindata": [ROLL]}))
    with pytest.raises(UserError, match=r"JSB_Chorales\.mat holds no validdata and no testdata\.$"):
        FILE.read(tmp_path, None)


@pytest.mark.parametrize("damage", ["truncated", "changed", "empty"])
def test_a_damaged_file_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    path = write(tmp_path, monkeypatch)
    data = path.read_bytes()
    changed = data[:-1] + bytes([data[-1] ^ 1])
    path.write_bytes({"truncated": data[: len(data) // 2], "changed": changed, "empty": b""}[damage])
    with pytest.raises(UserError, match="is not the published file") as caught:
        FILE.read(tmp_path, None)
    assert CHECKSUMS[FILE.name] in str(caught.value)


def test_a_missing_file_is_named_with_its_source(tmp_path: Path) -> None:
    with pytest.raises(MissingFile) as caught:
        FILE.read(tmp_path, None)
    for part in (FILE.name, str(tmp_path / "polymusic"), SOURCE_URL):
        assert part in str(caught.value)
