"""Times taken in turns, and the bytes that autograd holds."""

import torch

from gatebench.speed.measure import gemm_peak, interleaved, kept_bytes


def test_steps_take_turns() -> None:
    seen: list[str] = []
    times = interleaved([lambda: seen.append("a"), lambda: seen.append("b")], 0.0)
    assert "".join(seen) == "ab" * (len(seen) // 2)
    assert all(time >= 0 for time in times)


def test_kept_bytes_count_what_autograd_holds() -> None:
    x = torch.ones(1000, requires_grad=True)
    assert kept_bytes(lambda: (x * 2).exp().sum(), [x]) == 4000
    assert gemm_peak(64, 0.01) > 0
