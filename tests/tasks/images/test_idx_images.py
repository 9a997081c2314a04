import hashlib
from pathlib import Path

import pytest
import torch

from gatebench.errors import UserError
from tasks.data.files import MissingFile
from tasks.images.idx_images import SHAPES, IdxImages, as_sequences
from tests.tasks.images.small_mnist import idx_bytes, small_arrays

SOURCE_URL = "https://example.org/images/"
ARRAYS = small_arrays()


def written(root: Path, folder: str, algorithm: str = "sha256") -> IdxImages:
    """Write the files of small images, unpacked, and return how they are known."""
    checksums = {}
    (root / folder).mkdir(parents=True)
    for name, array in ARRAYS.items():
        data = idx_bytes(array)
        (root / folder / name).write_bytes(data)
        checksums[name] = hashlib.new(algorithm, data).hexdigest()
    return IdxImages("digits", SOURCE_URL, ("first", folder), {}, checksums)


@pytest.mark.parametrize("algorithm", ["sha256", "md5"])
def test_reads_the_part_that_is_asked_for(tmp_path: Path, algorithm: str) -> None:
    source = written(tmp_path, "some/where", algorithm)
    for part in ("train", "t10k"):
        images, labels = source.read(tmp_path, part)
        assert images.dtype == torch.uint8
        assert labels.dtype == torch.int64
        assert images.tolist() == ARRAYS[f"{part}-images-idx3-ubyte"].tolist()
        assert labels.tolist() == ARRAYS[f"{part}-labels-idx1-ubyte"].tolist()


@pytest.mark.parametrize("algorithm", ["sha256", "md5"])
def test_a_damaged_file_is_refused_by_either_checksum(tmp_path: Path, algorithm: str) -> None:
    source = written(tmp_path, "here", algorithm)
    path = tmp_path / "here" / "train-labels-idx1-ubyte"
    path.write_bytes(path.read_bytes()[:-1] + b"\7")
    with pytest.raises(UserError, match=rf"is not the published file: its {algorithm} is \w+, not "):
        source.read(tmp_path, "train")


def test_a_missing_file_is_named_with_its_source(tmp_path: Path) -> None:
    source = written(tmp_path, "here")
    (tmp_path / "here" / "t10k-images-idx3-ubyte").unlink()
    sentence = r"t10k-images-idx3-ubyte in any of .*first, .*here; run gatebench data fetch digits .*example\.org"
    with pytest.raises(MissingFile, match=sentence):
        source.read(tmp_path, "t10k")
    with pytest.raises(MissingFile, match="t10k-images"):
        source.check(tmp_path)


@pytest.mark.parametrize("order", SHAPES)
def test_sequences_hold_every_pixel_in_the_order_of_reading(order: str) -> None:
    images = torch.arange(2 * 784).to(torch.uint8).reshape(2, 28, 28)
    split = as_sequences(images, torch.tensor([1, 2]), order, None)
    batch = split.batch(torch.tensor([0, 1]))
    assert batch.x.shape == (SHAPES[order][0], 2, SHAPES[order][1])
    assert torch.allclose(batch.x.transpose(0, 1).flatten(1) * 255, images.flatten(1).float())
    assert batch.y.tolist() == [1, 2]
