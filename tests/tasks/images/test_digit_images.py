from pathlib import Path

import numpy as np
import pytest
import torch

from gatebench.errors import UserError
from tasks.data.files import MissingFile
from tasks.images.digit_images import check_digit_size, check_digits, digit_checksums, read_digits, reduced
from tests.tasks.images.small_mnist import write_small_digits


def test_no_digit_is_in_two_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arrays = write_small_digits(tmp_path, monkeypatch)
    check_digits(tmp_path)
    train, val, test = read_digits(tmp_path, 28)
    assert np.array_equal(val.images.numpy(), arrays["train-images-idx3-ubyte"][:100])
    assert np.array_equal(train.images.numpy(), arrays["train-images-idx3-ubyte"][100:])
    assert np.array_equal(test.images.numpy(), arrays["t10k-images-idx3-ubyte"])
    assert train.labels.tolist() == arrays["train-labels-idx1-ubyte"][100:].tolist()
    assert len(digit_checksums()) == 4


def test_a_smaller_digit_has_the_means_of_its_pixels() -> None:
    images = torch.randint(0, 256, (3, 28, 28), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    small = reduced(images, 14)
    assert small.dtype == torch.uint8
    means = images.double().reshape(3, 14, 2, 14, 2).mean((2, 4))
    assert (small.double() - means).abs().max() <= 0.5
    assert reduced(images, 28) is images
    assert reduced(images, 12).shape == (3, 12, 12)


def test_impossible_sizes_and_missing_files_are_told(tmp_path: Path) -> None:
    for size in (7, 29, 14.0):
        with pytest.raises(UserError, match=r"task\.digit_size is .*; it must be a whole number from 8 to 28\."):
            check_digit_size(size)
    with pytest.raises(MissingFile):
        check_digits(tmp_path)
