import math

import pytest
import torch
from torch import Tensor

from gatebench.task import Batch
from tasks.blocks.ragged import RaggedSplit
from tasks.music.next_frame import bernoulli, count_frames, frame_baselines, frame_scores

T, B, H, K = 6, 4, 5, 3
LENGTHS = torch.tensor([6, 1, 3, 5])


@pytest.fixture
def logits() -> Tensor:
    return torch.randn(T, B, K, dtype=torch.float64, generator=torch.Generator().manual_seed(0), requires_grad=True)


@pytest.fixture(params=[LENGTHS, None], ids=["ragged", "whole"])
def batch(request: pytest.FixtureRequest) -> Batch:
    x, y = torch.randint(0, 2, (2, T, B, K), generator=torch.Generator().manual_seed(1)).double()
    return Batch(x, y, request.param)


def one_by_one(logits: Tensor, batch: Batch) -> tuple[float, int]:
    """The nats and the frames as the published script adds them: piece by piece, from probabilities."""
    nats, frames = 0.0, 0
    for column in range(B):
        length = T if batch.lengths is None else int(batch.lengths[column])
        for p, y in zip(logits[:length, column].sigmoid(), batch.y[:length, column], strict=True):
            nats -= sum(math.log(a) if b else math.log(1 - a) for a, b in zip(p.tolist(), y.tolist(), strict=True))
        frames += length
    return nats, frames


def tally(logits: Tensor, batch: Batch) -> dict[str, float]:
    return {name: value.item() for name, value in count_frames(logits, batch).items()}


def test_nats_are_added_over_keys_and_frames_and_divided_by_all_frames(logits: Tensor, batch: Batch) -> None:
    nats, frames = one_by_one(logits, batch)
    assert bernoulli(logits, batch).item() == pytest.approx(nats / frames)
    totals = tally(logits, batch)
    assert totals["frames"] == frames
    assert totals["nats"] == pytest.approx(nats)
    assert frame_scores(totals)["nll"] == pytest.approx(nats / frames)


def test_pieces_weigh_by_their_frames() -> None:
    y = torch.ones(3, 1, K)
    long, short = Batch(y, y, torch.tensor([3])), Batch(y, y, torch.tensor([1]))
    totals = tally(torch.zeros(3, 1, K), long)
    for name, value in tally(torch.full((3, 1, K), 50.0), short).items():
        totals[name] += value
    assert frame_scores(totals)["nll"] == pytest.approx(K * math.log(2) * 3 / 4)


def test_a_blind_guess_costs_log_2_a_key(batch: Batch) -> None:
    assert bernoulli(torch.zeros(T, B, K, dtype=torch.float64), batch).item() == pytest.approx(K * math.log(2))


def test_certainty_is_worth_zero_nats(batch: Batch) -> None:
    assert frame_scores(tally(1000 * (2 * batch.y - 1), batch)) == {"nll": 0.0, "accuracy": 1.0}


def test_padding_neither_gives_nor_gets(logits: Tensor) -> None:
    y = torch.zeros(T, B, K, dtype=torch.float64)
    valid = (torch.arange(T)[:, None] < LENGTHS)[..., None]
    padded = torch.where(valid, logits.detach(), torch.nan).requires_grad_()
    loss = bernoulli(padded, Batch(y, y, LENGTHS))
    assert torch.equal(loss, bernoulli(logits, Batch(y, y, LENGTHS)))
    assert tally(padded, Batch(y, y, LENGTHS)) == tally(logits, Batch(y, y, LENGTHS))


def test_the_gradient_stays_finite_where_the_loss_is_large() -> None:
    logits = torch.tensor([[[200.0, -200.0, 0.0]]], requires_grad=True)
    loss = bernoulli(logits, Batch(torch.empty(0), torch.tensor([[[0.0, 1.0, 1.0]]])))
    (gradient,) = torch.autograd.grad(loss, logits)
    assert loss.item() == pytest.approx(400 + math.log(2))
    assert gradient.tolist() == [[[1.0, -1.0, -0.5]]]


def test_accuracy_counts_keys_that_sound_or_are_thought_to() -> None:
    y = torch.tensor([[[1.0, 1.0, 0.0]], [[0.0, 0.0, 0.0]], [[1.0, 1.0, 1.0]]])
    logits = torch.tensor([[[1.0, -1.0, 1.0]], [[-1.0, -1.0, -1.0]], [[9.0, 9.0, 9.0]]])
    totals = tally(logits, Batch(y, y, torch.tensor([2])))
    assert (totals["both"], totals["either"]) == (1, 3)
    assert frame_scores(totals)["accuracy"] == pytest.approx(1 / 3)
    assert (
        frame_scores(totals | {"both": 0, "either": 0})["accuracy"] == 1.0
    )  # silence, and nothing was thought to sound


def split_of(frames: Tensor, lengths: list[int]) -> RaggedSplit:
    """Pieces of these frames (S, K); the lengths count predicted frames."""
    counts = torch.tensor(lengths)
    starts = (counts + 1).cumsum(0) - counts - 1
    return RaggedSplit(torch.cat([frames, torch.zeros(1, K)]), starts, counts)


def test_baselines_by_hand() -> None:
    train = split_of(torch.tensor([[1.0, 0, 0], [1, 0, 1], [1, 1, 0], [0, 0, 0], [1, 0, 0]]), [2, 1])
    test = split_of(torch.tensor([[1.0, 0, 0], [1, 0, 0], [0, 1, 0]]), [2])
    # key by key: of 3 predicted frames 3, 1 and 1 sound
    first, second, third = 4 / 5, 2 / 5, 2 / 5
    marginal = math.log(first * (1 - first) * (1 - second) * second * (1 - third) ** 2)
    # of 3 keys that sound 2 go on; of 6 that do not 3 begin
    on, off = 3 / 5, 4 / 8
    repeat = math.log(on * (1 - off) * (1 - off) * (1 - on) * off * (1 - off))
    scores = frame_baselines(train, test)
    assert scores == {"marginal": pytest.approx(-marginal / 2), "repeat-last": pytest.approx(-repeat / 2)}


def test_baselines_know_each_its_own_kind_of_music() -> None:
    generator = torch.Generator().manual_seed(0)
    loose = (torch.rand(2000, K, generator=generator) < torch.tensor([0.9, 0.5, 0.1])).float()
    steady = loose[::10].repeat_interleave(10, 0)
    for frames, better in ((loose, "marginal"), (steady, "repeat-last")):
        split = split_of(frames, [999, 999])
        scores = frame_baselines(split, split)
        assert min(scores, key=lambda name: scores[name]) == better


def test_lengths_without_padding_change_no_bit(logits: Tensor) -> None:
    y = torch.randint(0, 2, (T, B, K), generator=torch.Generator().manual_seed(2)).double()
    padded = Batch(torch.zeros(T, B, K), y, LENGTHS)
    found = []
    for lengths in (None, torch.full((B,), T)):
        batch = Batch(y, y, lengths)
        loss = bernoulli(logits, batch)
        found.append((loss.item(), torch.autograd.grad(loss, logits)[0].tolist(), tally(logits, batch)))
    assert found[0] == found[1]
    assert bernoulli(logits, padded).item() != found[0][0]
