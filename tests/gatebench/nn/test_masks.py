"""Dropout masks: the numbers of torch, to the last bit, and the same state of the generator."""

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given, settings
from torch import Generator, Tensor, nn

from gatebench.machine.c_compiler import trouble
from gatebench.nn import masks
from gatebench.nn.masks import Dropout, dropout, scaled_mask

PROBABILITIES = st.floats(0.001, 0.999) | st.sampled_from([0.1, 0.2, 0.25, 0.3, 0.5, 0.75])

needs_compiler = pytest.mark.skipif(trouble("masks") is not None, reason="there is no C compiler")


@needs_compiler
@settings(deadline=None, max_examples=60)
@given(count=st.integers(masks._FEW, 5000), probability=PROBABILITIES, before=st.integers(0, 700), seed=st.integers(0))
def test_masks_and_states_are_those_of_torch(count: int, probability: float, before: int, seed: int) -> None:
    ours, theirs = (Generator().manual_seed(seed % 2**63) for _ in range(2))
    for generator in (ours, theirs):
        torch.empty(before, dtype=torch.int32).random_(generator=generator)  # each takes one word
    for _ in range(2):
        mask = masks._fill(torch.empty(count), probability, ours)
        assert torch.equal(mask, masks._plain_mask((count,), probability, torch.float32, theirs))
        assert torch.equal(ours.get_state(), theirs.get_state())
    assert torch.equal(torch.randn(5, generator=ours), torch.randn(5, generator=theirs))


@pytest.mark.parametrize("is_compiled", [True, False])
@pytest.mark.parametrize(
    "x", [torch.ones(3, 2), torch.ones(30, 8, 100), torch.ones(30, 8, 112)[..., :100], torch.ones(8, 30, 100).mT]
)
def test_dropout_is_that_of_torch(x: Tensor, is_compiled: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not is_compiled:
        monkeypatch.setattr(masks, "_is_torchs", lambda: False)
    found = []
    for module in (Dropout(0.3), nn.Dropout(0.3)):
        torch.manual_seed(3)
        read = x.detach().requires_grad_()
        output = module(read)
        found.append([output, *torch.autograd.grad(output.square().sum(), read), torch.get_rng_state()])
    assert all(torch.equal(one, other) for one, other in zip(*found, strict=True))


@needs_compiler
def test_the_compiled_code_gives_the_numbers_of_torch_here() -> None:
    assert masks._is_torchs()


def test_without_training_nothing_is_drawn() -> None:
    x, state = torch.ones(1000), torch.get_rng_state()
    assert dropout(x, 0.5, training=False) is x
    assert torch.equal(dropout(x, 0.0), x)
    assert Dropout(0.5).eval()(x) is x
    assert torch.equal(torch.get_rng_state(), state)


def test_a_mask_of_another_type_is_drawn_by_torch() -> None:
    ours, theirs = Generator().manual_seed(1), Generator().manual_seed(1)
    mask = scaled_mask((40, 50), 0.2, torch.float64, ours)
    assert mask.dtype == torch.float64
    assert torch.equal(mask, masks._plain_mask((40, 50), 0.2, torch.float64, theirs))
