from pathlib import Path

import numpy as np
import pytest

from gatebench.errors import UserError
from tasks.data.files import MissingFile
from tasks.images import cifar, sequential_cifar10
from tasks.images.cifar import CifarFiles, read_batch
from tasks.images.sequential_cifar10 import ARCHIVE, BATCH_FOLDER, CHECKSUMS, FOLDERS, SOURCE_URL
from tests.tasks.images.small_cifar import (
    BATCHES,
    Batch,
    archive_bytes,
    batch_bytes,
    pickled,
    small_batches,
    write_small_cifar,
)

FILES = CifarFiles(SOURCE_URL, FOLDERS, ARCHIVE, BATCH_FOLDER, CHECKSUMS)
LABELS = [3, 9]
IMAGES = np.arange(2 * 3072, dtype=np.uint32).astype(np.uint8).reshape(2, 3072)


def check(root: Path, batches: dict[str, Batch], cache: Path | None = None) -> None:
    """Compare what is read with the batches that were written."""
    arrays = FILES.read(root, cache)
    for name, (images, labels) in batches.items():
        np.testing.assert_array_equal(arrays[f"{name}_images"], images.reshape(-1, 3, 32, 32))
        assert arrays[f"{name}_labels"].tolist() == labels


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("packed", [True, False])
def test_every_layout_reads_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str, packed: bool
) -> None:
    batches = write_small_cifar(tmp_path, monkeypatch, folder, packed)
    check(tmp_path, batches)
    assert set(batches) == set(FILES.batches) == set(BATCHES)


def test_unpacked_batches_go_before_the_archive_and_need_not_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches = write_small_cifar(tmp_path, monkeypatch)
    check(tmp_path, batches)
    assert not (tmp_path / "cifar10" / BATCH_FOLDER).exists()
    write_small_cifar(tmp_path, monkeypatch, packed=False)
    (tmp_path / "cifar10" / ARCHIVE).write_bytes(b"damaged")
    check(tmp_path, batches)


def test_what_was_read_is_kept_and_the_files_are_verified_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches = write_small_cifar(tmp_path / "data", monkeypatch)
    check(tmp_path / "data", batches, tmp_path / "cache")
    with monkeypatch.context() as patch:
        patch.setattr(cifar, "read_batch", lambda *_: pytest.fail("it is read once more"))
        check(tmp_path / "data", batches, tmp_path / "cache")
    (tmp_path / "data" / "cifar10" / ARCHIVE).write_bytes(b"damaged")
    with pytest.raises(UserError, match="is not the published file"):
        FILES.read(tmp_path / "data", tmp_path / "cache")


def test_missing_files_are_named_with_their_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_small_cifar(tmp_path, monkeypatch, packed=False)
    (tmp_path / "cifar10" / BATCH_FOLDER / "data_batch_4").unlink()
    with pytest.raises(MissingFile) as caught:
        FILES.read(tmp_path)
    for part in (ARCHIVE, "data_batch_4", str(tmp_path / "cifar10" / BATCH_FOLDER), SOURCE_URL):
        assert part in str(caught.value)


@pytest.mark.parametrize("damage", ["truncated", "changed", "empty"])
@pytest.mark.parametrize("packed", [True, False])
def test_damaged_files_are_refused_before_they_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str, packed: bool
) -> None:
    write_small_cifar(tmp_path, monkeypatch, packed=packed)
    path = tmp_path / "cifar10" / (ARCHIVE if packed else f"{BATCH_FOLDER}/test_batch")
    data = path.read_bytes()
    changed = data[:-1] + bytes([data[-1] ^ 1])
    path.write_bytes({"truncated": data[: len(data) // 2], "changed": changed, "empty": b""}[damage])
    with pytest.raises(UserError) as caught:
        FILES.read(tmp_path)
    for part in (str(path), "is not the published file", SOURCE_URL):
        assert part in str(caught.value)


@pytest.mark.parametrize("name", BATCHES)
def test_an_archive_without_a_batch_is_refused(name: str) -> None:
    batches = {f"{BATCH_FOLDER}/{other}": b"" for other in BATCHES if other != name}
    astray = {
        name: b"",
        f"../{BATCH_FOLDER}/{name}": b"",
        f"/{BATCH_FOLDER}/{name}": b"",
        f"{BATCH_FOLDER}/../{name}": b"",
    }
    with pytest.raises(UserError, match=rf"^{ARCHIVE} does not hold {name}\.$"):
        FILES._members(archive_bytes({**batches, **astray}))


@pytest.mark.parametrize("cut", [0, 5, 200])
def test_what_is_no_archive_is_refused(cut: int) -> None:
    with pytest.raises(UserError, match=rf"^{ARCHIVE} cannot be unpacked: .*\.$"):
        FILES._members(
            archive_bytes({f"{BATCH_FOLDER}/data_batch_1": bytes(np.random.default_rng(0).bytes(3000))})[:cut]
        )


@pytest.mark.parametrize("order", ["C", "F"])
def test_a_batch_is_read_in_either_order_of_memory(order: str) -> None:
    images = IMAGES if order == "C" else np.asfortranarray(IMAGES)
    read, labels = read_batch(batch_bytes((images, LABELS)), "sample")
    np.testing.assert_array_equal(read.reshape(2, -1), IMAGES)
    assert labels.tolist() == LABELS
    red, green, blue = read[0]
    assert (red[0, 0], red[0, 31], red[1, 0]) == (IMAGES[0, 0], IMAGES[0, 31], IMAGES[0, 32])
    assert (green[0, 0], blue[0, 0]) == (IMAGES[0, 1024], IMAGES[0, 2048])


ARRAY = pickled(IMAGES)[2:-1]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (pickled([1, 2]), "it has no data or no labels"),
        (pickled({b"labels": LABELS}), "it has no data or no labels"),
        (pickled({b"labels": LABELS, b"data": bytes(6144)}), "its data are no array of bytes"),
        (
            pickled({b"labels": LABELS, b"data": IMAGES[:, :3000]}),
            r"its data have the shape \(2, 3000\), with 2 labels",
        ),
        (pickled({b"labels": [1], b"data": IMAGES}), r"its data have the shape \(2, 3072\), with 1 labels"),
        (pickled({b"labels": [1, 10], b"data": IMAGES}), "its labels are not whole numbers from 0 to 9"),
        (pickled({b"labels": [1, b"2"], b"data": IMAGES}), "its labels are not whole numbers from 0 to 9"),
        (pickled({b"labels": b"12", b"data": IMAGES}), "its labels are not whole numbers from 0 to 9"),
        (b"\x80\x02}(U\x04data" + ARRAY.replace(b"u1", b"f4") + b"U\x06labels](K\x01K\x02eu.", "its data are no array"),
        (
            b"\x80\x02}(U\x04data" + ARRAY.replace(b"M\x00\x0c", b"M\x01\x0c") + b"U\x06labels](K\x01K\x02eu.",
            "no array",
        ),
    ],
)
def test_what_is_no_batch_is_refused(data: bytes, sentence: str) -> None:
    with pytest.raises(UserError, match=f"^sample is not a batch of CIFAR-10: .*{sentence}"):
        read_batch(data, "sample")


def test_a_batch_without_images_is_refused() -> None:
    with pytest.raises(UserError, match="with 0 labels"):
        read_batch(pickled({b"labels": [], b"data": IMAGES[:0]}), "sample")


def test_small_batches_stand_for_all_names() -> None:
    assert set(small_batches()) == set(sequential_cifar10.CHECKSUMS) - {ARCHIVE}
