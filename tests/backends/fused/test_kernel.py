"""One cell's compiled code: shared by equal equations, and run on as many threads as pay."""

import pytest
import torch

from gatebench import load_cell
from gatebench.backends.fused import kernel as kernels
from gatebench.backends.fused.kernel import kernel_of


def test_cells_with_the_same_equations_share_their_code() -> None:
    one, other = (kernel_of(load_cell(name).definitions, torch.float64) for name in ("lstm", "lstm_b"))
    assert one is other


def test_rows_of_the_ring_are_an_odd_number_of_vectors() -> None:
    kernel = kernel_of(load_cell("lstm").definitions, torch.float64)
    assert kernel.columns("ring", 1, 64) // kernel.lanes % 2 == 1
    assert kernel.columns("saved", 1, 64) == 4 * 64


def test_little_work_one_sequence_and_a_fork_get_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel, much = kernel_of(load_cell("lstm").definitions, torch.float64), {"T": 784, "B": 64, "I": 1, "H": 128}
    monkeypatch.setattr(torch, "get_num_threads", lambda: 5)
    assert kernel._threads(much) == (5 if kernel.threaded else 1)
    assert kernel._threads(much | {"T": 1, "B": 2}) == 1
    assert kernel._threads(much | {"B": 1}) == 1
    monkeypatch.setattr(kernels, "_forked", True)
    assert kernel._threads(much) == 1
