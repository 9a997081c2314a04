"""One cell's compiled code: shared by equal equations, and run on as many threads as pay."""

import pytest
import torch

from gatebench import load_cell
from gatebench.backends.fused import kernel as kernels
from gatebench.backends.fused.kernel import kernel_of


def test_cells_with_the_same_equations_share_their_code() -> None:
    one, other = (kernel_of(load_cell(name).definitions, torch.float64) for name in ("lstm", "lstm_b"))
    assert one is other


def test_weights_that_nothing_is_learnt_for_are_known() -> None:
    kernel = kernel_of(load_cell("lstm_peephole").definitions, torch.float64)
    assert len(kernel.learnt) == len(kernel.plan.shapes)
    assert all(kernel.learnt)


def test_little_work_one_sequence_and_a_fork_get_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = kernel_of(load_cell("lstm").definitions, torch.float64)
    much = kernel.form(784, 64, 1, 128)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 5)
    assert kernel._threads(much) == (5 if kernel.threaded else 1)
    assert kernel._threads(kernel.form(1, 2, 1, 128)) == 1
    assert kernel._threads(kernel.form(784, 1, 1, 128)) == 1
    monkeypatch.setattr(kernels, "_forked", True)
    assert kernel._threads(much) == 1
