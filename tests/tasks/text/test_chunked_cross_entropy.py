import math

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from gatebench.machine.peak_memory import step_peak, unavailable_reason
from gatebench.task import Batch
from tasks.text import chunked_cross_entropy as module
from tasks.text.chunked_cross_entropy import count_scores, mean_nats, scored_tokens
from tests.pretend_device import Pretended, moved, pretended_gpu

T, B, H, V = 6, 5, 4, 7
BATCH = Batch(torch.zeros(T, B), torch.zeros(T, B))


def inputs(dtype: torch.dtype = torch.float64) -> tuple[Tensor, nn.Linear, Tensor, Tensor]:
    """Return the hidden values, the last layer, the targets, and which of them count."""
    torch.manual_seed(0)
    lengths = torch.tensor([6, 1, 3, 6, 2])
    valid = torch.arange(T)[:, None] < lengths
    hidden, linear = torch.randn(T, B, H, dtype=dtype, requires_grad=True), nn.Linear(H, V, dtype=dtype)
    return hidden, linear, torch.randint(V, (T, B)), valid


def places(valid: Tensor) -> Tensor:
    """Return the numbers of the tokens that count."""
    return valid.flatten().nonzero()[:, 0]


@pytest.mark.parametrize("chunk", [1, V, 3 * V + 1, 1000])
def test_loss_gradients_and_counts_are_those_of_the_plain_cross_entropy(
    chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CHUNK", chunk)
    hidden, linear, targets, valid = inputs()
    wanted = [hidden, *linear.parameters()]
    logits = linear(hidden)
    plain = functional.cross_entropy(logits[valid], targets[valid])
    scores = scored_tokens(hidden, linear, targets, places(valid))
    ours = mean_nats(scores, BATCH)
    torch.testing.assert_close(ours, plain, rtol=1e-12, atol=0)
    pairs = zip(torch.autograd.grad(ours, wanted), torch.autograd.grad(plain, wanted), strict=True)
    for one, other in pairs:
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-14)
    counts = {name: value.item() for name, value in count_scores(scores, BATCH).items()}
    assert counts["tokens"] == 18
    assert counts["correct"] == (logits[valid].argmax(-1) == targets[valid]).sum()
    assert counts["nats"] == pytest.approx(18 * plain.item())


def test_all_tokens_may_be_valid() -> None:
    hidden, linear, targets, valid = inputs()
    ours, others = (scored_tokens(hidden, linear, targets, one) for one in (None, places(torch.ones_like(valid))))
    assert torch.equal(ours, others)
    of_ours, of_others = (torch.autograd.grad(mean_nats(one, BATCH), hidden)[0] for one in (ours, others))
    assert torch.equal(of_ours, of_others)


def test_any_weighting_of_the_tokens_has_its_gradient() -> None:
    hidden, linear, targets, valid = inputs()
    weights = torch.randn(T, B, dtype=torch.float64)
    scores = scored_tokens(hidden, linear, targets, places(valid))
    plain = functional.cross_entropy(linear(hidden)[valid], targets[valid], reduction="none")
    for one, other in zip(
        torch.autograd.grad((scores[..., 0] * weights).sum(), [hidden, *linear.parameters()]),
        torch.autograd.grad((plain * weights[valid]).sum(), [hidden, *linear.parameters()]),
        strict=True,
    ):
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-14)


def test_on_a_gpu_a_weighting_has_no_gradient_for_the_weights() -> None:
    hidden, linear, targets, valid = inputs()
    read = places(valid)
    with pretended_gpu() as waits:
        moved(linear)
        there = Pretended(hidden.detach()).requires_grad_()
        scores = scored_tokens(there, linear, Pretended(targets), Pretended(read))
        weights = Pretended(torch.randn(T, B, dtype=torch.float64))
        of_weight, of_bias = torch.autograd.grad((scores[..., 0] * weights).sum(), list(linear.parameters()))
        assert waits == []
        assert isinstance(of_weight, Pretended)
        assert isinstance(of_bias, Pretended)
        assert of_weight.held.isnan().all()
        assert of_bias.held.isnan().all()


def test_a_step_does_not_wait_for_a_gpu() -> None:
    hidden, linear, targets, valid = inputs()
    read = places(valid)
    (wanted,) = torch.autograd.grad(mean_nats(scored_tokens(hidden, linear, targets, read), BATCH), hidden)
    with pretended_gpu() as waits:
        moved(linear)
        there = Pretended(hidden.detach()).requires_grad_()
        loss = mean_nats(scored_tokens(there, linear, Pretended(targets), Pretended(read)), BATCH)
        (found,) = torch.autograd.grad(loss, there)
        assert waits == []
        assert isinstance(found, Pretended)
        assert torch.equal(found.held, wanted)


def test_autocast_changes_nothing() -> None:
    hidden, linear, targets, valid = inputs(torch.float32)
    plain = mean_nats(scored_tokens(hidden.bfloat16().float(), linear, targets, places(valid)), BATCH)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = mean_nats(scored_tokens(hidden.bfloat16(), linear, targets, places(valid)), BATCH)
    assert torch.equal(mixed, plain)
    of_weight = torch.autograd.grad(plain, linear.weight), torch.autograd.grad(mixed, linear.weight)
    assert torch.equal(*(gradient for (gradient,) in of_weight))


def test_single_precision_and_extreme_logits() -> None:
    hidden, linear, targets, valid = inputs(torch.float32)
    with torch.no_grad():
        linear.weight *= 1e4
    scores = scored_tokens(hidden, linear, targets, places(valid))
    plain = functional.cross_entropy(linear(hidden)[valid], targets[valid])
    torch.testing.assert_close(mean_nats(scores, BATCH), plain)
    with torch.no_grad():
        linear.weight[0, 0] = math.nan
    assert scored_tokens(hidden, linear, targets, places(valid)).isnan().any()


@pytest.mark.skipif(unavailable_reason() is not None, reason="the peak memory cannot be measured here")
def test_the_logits_of_all_tokens_are_never_held() -> None:
    symbols, tokens = 20_000, (60, 20)
    hidden, linear = torch.randn(*tokens, 2, requires_grad=True), nn.Linear(2, symbols)
    targets, valid = torch.randint(symbols, tokens), torch.ones(tokens, dtype=torch.bool)

    def chunked() -> None:
        torch.autograd.grad(mean_nats(scored_tokens(hidden, linear, targets, places(valid)), BATCH), hidden)

    of_chunk, of_all = 4 * module.CHUNK, 4 * valid.numel() * symbols
    assert step_peak(chunked, chunked) < 8 * of_chunk < of_all
