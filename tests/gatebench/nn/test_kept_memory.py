"""The memory that autograd keeps between forward and backward."""

import torch

from gatebench.nn.kept_memory import kept_bytes


def test_saved_tensors_count_and_inputs_do_not() -> None:
    x = torch.ones(1000, requires_grad=True)
    assert kept_bytes(lambda: (x * 2).exp().sum(), [x]) == 4000
