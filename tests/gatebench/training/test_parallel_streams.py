from dataclasses import replace
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from gatebench.ranks import Ranks
from gatebench.task import Problem
from gatebench.training.batches import Batches
from gatebench.training.network import Network
from gatebench.training.parallel_streams import stream_batches
from gatebench.trial import Model, Training, Trial
from tasks.blocks.every_step import EveryStep
from tasks.text import next_token
from tasks.text.text_windows import text_windows

SYMBOLS = 5
TEXT = np.random.default_rng(0).integers(0, SYMBOLS, 62)


@given(st.integers(0, 200), st.integers(1, 40))
def test_each_example_of_a_batch_follows_the_one_in_the_batch_before(examples: int, streams: int) -> None:
    batches = stream_batches(examples, streams)
    assert sorted(torch.cat([torch.zeros(0), *batches]).tolist()) == list(range(examples))
    assert all(len(batch) == min(streams, examples) for batch in batches[:-1])
    for before, after in pairwise(batches):
        assert torch.equal(after, before[: len(after)] + 1)


def test_the_batches_of_a_text_say_that_they_continue() -> None:
    batches = Batches(text_windows(TEXT, 4), 3, 0, is_text=True)
    assert [batch.continues for batch in batches] == [False, True, True, True, True, True]
    assert len(batches) == 6
    batches.start_at(1, 2)
    assert [batch.continues for batch in batches] == [True] * 4


@pytest.mark.parametrize("world", [2, 3, 4, 9])
def test_a_rank_keeps_its_streams(world: int) -> None:
    split = text_windows(TEXT, 4)  # 16 examples: the last batch has one stream
    whole = list(Batches(split, 5, 0, is_text=True))
    for rank in range(world):
        batches = Batches(split, 5, 0, Ranks(rank, world), is_text=True)
        own = torch.arange(5).tensor_split(world)[rank]
        for number, (share, batch) in enumerate(zip(batches, whole, strict=True)):
            present = own[own < batch.x.shape[1]]
            assert batches.examples(number) == len(present)
            if len(present):
                assert torch.equal(share.y, batch.y[: len(share.y), present])


def network(cell: str, backend: str, layers: int, length: int) -> tuple[Network, Problem]:
    torch.manual_seed(0)
    split = text_windows(TEXT, length)
    encoder = nn.Embedding(SYMBOLS, 3, dtype=torch.float64)
    head = partial(EveryStep, outputs=SYMBOLS, causal=True)
    objective = (next_token.next_token_loss, next_token.count_tokens, next_token.nats_and_accuracy)
    problem = Problem(split, split, split, 3, length, encoder, head, *objective, carries_state=True)
    trial = Trial({"name": cell, "base": cell}, {}, Model(4, num_layers=layers), Training(backend=backend))
    return Network(problem, trial).double(), problem


CASES = [
    *[("lstm", backend) for backend in ("reference", "native", "fused", "manual")],
    *[("gru", "fused"), ("lstm_peephole", "fused"), ("slstm", "reference"), ("mingru", "scan")],
]


@pytest.mark.parametrize(
    ("cell", "backend", "layers", "training"),
    [*((*case, 2, True) for case in CASES), ("lstm", "fused", 1, True), ("gru", "fused", 2, False)],
)
def test_windows_with_a_carried_state_have_the_loss_of_the_whole_text(
    cell: str, backend: str, layers: int, training: bool
) -> None:
    nats: list[float] = []
    for length in (7, len(TEXT)):  # 9 windows, the last of them shorter; and one
        built, problem = network(cell, backend, layers, length)
        built.train(training)
        totals = [problem.tally(built(batch), batch) for batch in Batches(problem.val, 1, None, is_text=True)]
        nats.append(sum(one["nats"].item() for one in totals))
        assert sum(int(one["tokens"]) for one in totals) == len(TEXT) - 1
        assert len(totals) == -(-(len(TEXT) - 1) // length)
    assert nats[0] == pytest.approx(nats[1], rel=1e-12)


def test_parallel_streams_do_not_mix() -> None:
    built, problem = network("lstm", "fused", 2, 4)
    found = [built(batch).detach() for batch in Batches(problem.train, 3, 0, is_text=True)]
    third = text_windows(TEXT[44:], 4)  # examples 11 to 15: the last of the streams of 6, 5 and 5
    alone = [built(batch).detach() for batch in Batches(third, 1, None, is_text=True)]
    for one, other in zip(found, alone, strict=False):
        torch.testing.assert_close(one[: len(other), -1:], other)


def test_the_state_is_carried_without_its_gradient_and_apart_from_evaluation() -> None:
    built, problem = network("gru", "fused", 1, 4)
    first, second, *_ = Batches(problem.train, 3, 0, is_text=True)
    built(first)
    assert not built.carried[True][0].requires_grad
    kept = built.carried[True][0].clone()
    built.eval()
    built.forward_with_gates(next(iter(Batches(problem.val, 1, None, is_text=True))))
    assert built.carried[False][0].shape == (1, 1, 4)
    assert torch.equal(built.carried[True][0], kept)
    assert second.continues


def test_gates_are_those_of_the_carried_state() -> None:
    built, problem = network("lstm", "fused", 2, 9)
    built.eval()
    for batch in Batches(problem.val, 1, None, is_text=True):
        before = dict(built.carried)
        plain = built(batch)
        built.carried = before
        traced, _ = built.forward_with_gates(batch)
        assert torch.equal(plain, traced)


def test_a_network_with_a_body_carries_no_state() -> None:
    _, problem = network("gru", "fused", 1, 4)
    with pytest.raises(ValueError, match="carries no state"):
        replace(problem, body=lambda parts: nn.Identity())
