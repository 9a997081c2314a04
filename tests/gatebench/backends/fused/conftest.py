import pytest
import torch
from torch import Tensor

from gatebench.backends.fused import function, gradients


@pytest.fixture(autouse=True)
def poisoned(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fresh buffers hold NaN, so that whatever the compiled leaves unwritten and reads is seen."""

    def uninitialised(like: Tensor, *shape: int) -> Tensor:
        return torch.full(shape, float("nan"), dtype=like.dtype)

    monkeypatch.setattr(function, "uninitialised", uninitialised)
    monkeypatch.setattr(gradients, "uninitialised", uninitialised)
    monkeypatch.setattr(gradients, "uninitialised_like", lambda values: torch.full_like(values, float("nan")))
