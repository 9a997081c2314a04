"""Memory for the compiled: padded to whole vectors, copied only where it must be."""

import torch

from gatebench.backends.fused.buffers import padded, uninitialised


def test_what_fits_is_not_copied() -> None:
    values = torch.ones(3, 4)
    assert padded(values, 4) is values
    assert torch.equal(padded(values, 6), torch.tensor([[1.0, 1, 1, 1, 0, 0]] * 3))
    assert padded(values.mT, 3).is_contiguous()


def test_fresh_memory_has_the_dtype_of_its_model() -> None:
    assert uninitialised(torch.ones(1, dtype=torch.float64), 2, 3).dtype == torch.float64
