import gzip
import hashlib
from pathlib import Path

import pytest
import torch

from gatebench.errors import UserError
from tasks.data.files import MissingFile, find_file
from tasks.images import fashion_mnist, sequential_mnist
from tasks.images.fashion_mnist import FOLDERS, PACKED, SOURCE_URL, UNPACKED, FashionMnist
from tests.tasks.images.small_mnist import small_arrays, write_small_idx
from tests.tasks.real_data import data_root, skipping_without_files


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("packed", [True, False])
def test_every_layout_reads_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str, packed: bool
) -> None:
    write_small_idx(fashion_mnist.PACKED if packed else fashion_mnist.UNPACKED, tmp_path, monkeypatch, folder, packed)
    problem = FashionMnist(order="row", validation=100).load(tmp_path)
    batch = problem.test.batch(torch.arange(len(problem.test)))
    arrays = small_arrays()
    images = torch.tensor(arrays["t10k-images-idx3-ubyte"]).float()
    assert torch.allclose(batch.x.transpose(0, 1) * 255, images, atol=1e-4)
    assert batch.y.tolist() == arrays["t10k-labels-idx1-ubyte"].tolist()


def test_digits_are_not_taken_for_clothes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files bear the same names: neither their place nor their content may be mistaken."""
    write_small_idx(sequential_mnist.PACKED, tmp_path, monkeypatch, ".")
    with pytest.raises(MissingFile, match=SOURCE_URL):
        FashionMnist(validation=100).load(tmp_path)
    write_small_idx(sequential_mnist.PACKED, tmp_path, monkeypatch, FOLDERS[0])
    with pytest.raises(UserError, match="is not the published file"):
        FashionMnist(validation=100).load(tmp_path)


def test_its_data_have_checksums_of_their_own() -> None:
    assert FashionMnist().checksums() == PACKED
    assert not set(PACKED.values()) & set(sequential_mnist.PACKED.values())
    assert set(PACKED) == {f"{name}.gz" for name in UNPACKED} == set(sequential_mnist.PACKED)


def test_real_files() -> None:
    with skipping_without_files():
        for file in PACKED:
            data = gzip.decompress(find_file(data_root(), FOLDERS, (file,), SOURCE_URL).read_bytes())
            assert hashlib.md5(data).hexdigest() == UNPACKED[file.removesuffix(".gz")]
    problem = FashionMnist().load(data_root())
    assert (len(problem.train), len(problem.val), len(problem.test)) == (55_000, 5_000, 10_000)
    assert problem.test.batch(torch.arange(10_000)).y.bincount().tolist() == [1000] * 10
