"""How much memory autograd keeps between forward and backward."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

UNSEEN = ("manual",)
"""The backends that keep tensors beside autograd."""


def kept_bytes(forward: Callable[[], object], inputs: Sequence[Tensor]) -> int:
    """Return the number of bytes that `forward` saves for backward, without the memory of `inputs`.

    Memory that several saved tensors share is counted once. Autograd does not see the tensors that the backends in
    `UNSEEN` keep.
    """
    input_addresses = {tensor.untyped_storage().data_ptr() for tensor in inputs}
    bytes_by_address: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in input_addresses:
            bytes_by_address[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        result = forward()
    del result
    return sum(bytes_by_address.values())
