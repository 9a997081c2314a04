"""Memory for the kernel: widened to whole vectors, copied only where it must be."""

import torch

from gatebench import load_cell
from gatebench.backends.fused.buffers import fresh, vectors, widened
from gatebench.backends.fused.kernel import kernel_of
from gatebench.derive.count import shapes


def test_what_fits_is_not_copied() -> None:
    values = torch.ones(3, 4)
    assert widened(values, 4) is values
    assert torch.equal(widened(values, 6), torch.tensor([[1.0, 1, 1, 1, 0, 0]] * 3))
    assert widened(values.mT, 3).is_contiguous()


def test_fresh_memory_has_the_dtype_of_its_model() -> None:
    assert fresh(torch.ones(1, dtype=torch.float64), 2, 3).dtype == torch.float64


def test_pointwise_weights_are_widened_and_matrices_are_not() -> None:
    cell = load_cell("lstm_peephole")
    kernel = kernel_of(cell.definitions, torch.float64)
    given = {n: torch.ones(s, dtype=torch.float64) for n, s in shapes(cell, 3, 5).items()}
    found = vectors(given, kernel, 3, 5)
    assert found["R.i"] is given["R.i"]
    assert len(found["p.i"]) == kernel.padded(5)
