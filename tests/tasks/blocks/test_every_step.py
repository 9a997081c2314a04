import pytest
import torch

from gatebench.errors import UserError
from tasks.blocks.every_step import EveryStep

T, B, H, C = 7, 3, 5, 4


def test_it_is_one_layer_at_every_step_or_the_last_ones() -> None:
    output = torch.randn(T, B, 2 * H, generator=torch.Generator().manual_seed(0))
    head = EveryStep(H, 2, outputs=C)
    assert torch.allclose(head(output), output @ head.linear.weight.T + head.linear.bias, atol=1e-6)
    last = EveryStep(H, 2, outputs=C, last=2)
    assert torch.allclose(last(output, None), output[-2:] @ last.linear.weight.T + last.linear.bias, atol=1e-6)
    assert sum(p.numel() for p in head.parameters()) == C * (2 * H + 1)


def test_a_bidirectional_network_cannot_predict_later_inputs() -> None:
    assert EveryStep(H, 1, outputs=C, causal=True)(torch.zeros(T, B, H)).shape == (T, B, C)
    with pytest.raises(UserError, match=r"^model\.bidirectional is true, but .* already contains the target\.$"):
        EveryStep(H, 2, outputs=C, causal=True)
