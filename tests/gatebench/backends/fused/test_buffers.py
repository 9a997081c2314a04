"""Memory for the kernel: widened to whole vectors, copied only where it must be."""

import torch

from gatebench.backends.fused.buffers import fresh, widened


def test_what_fits_is_not_copied() -> None:
    values = torch.ones(3, 4)
    assert widened(values, 4) is values
    assert torch.equal(widened(values, 6), torch.tensor([[1.0, 1, 1, 1, 0, 0]] * 3))
    assert widened(values.mT, 3).is_contiguous()


def test_fresh_memory_has_the_dtype_of_its_model() -> None:
    assert fresh(torch.ones(1, dtype=torch.float64), 2, 3).dtype == torch.float64
