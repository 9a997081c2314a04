import pytest
import torch
from torch import Generator, Tensor
from torchaudio.functional import mask_along_axis_iid

from tasks.speech.augmentation import (
    MASKS_PER_AXIS,
    Augment,
    Augmentations,
    draw_masks,
    select_versions,
    shift_frames,
)

T, B, I = 20, 6, 5  # noqa: E741
MEAN, SCALE, SILENCE = torch.arange(I).float(), torch.arange(1, I + 1).float(), torch.full((I,), -9.0)


def generator(seed: int = 0) -> Generator:
    return Generator().manual_seed(seed)


@pytest.fixture
def x() -> Tensor:
    return torch.randn(T, B, I, generator=generator())


def module(seed: int = 0, **fields: float) -> Augment:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Augment(MEAN, SCALE, SILENCE, Augmentations(**fields))  # type: ignore[arg-type]


def test_without_augmentations_it_standardises(x: Tensor) -> None:
    for training in (True, False):
        assert torch.allclose(module().train(training)(x), (x - MEAN) / SCALE)


def test_in_evaluation_it_only_standardises_the_clean_version(x: Tensor) -> None:
    augment = module(noisy_share=1, shift=3, time_mask=9, frequency_mask=4).eval()
    assert torch.allclose(augment(torch.cat([x, -x, 2 * x], -1)), (x - MEAN) / SCALE)


def test_draws_follow_the_seed_and_differ_from_batch_to_batch(x: Tensor) -> None:
    fields = {"noisy_share": 0.5, "shift": 3, "time_mask": 9, "frequency_mask": 4}
    versions = torch.cat([x, -x], -1)
    first, again, other = module(0, **fields), module(0, **fields), module(1, **fields)
    ours = [first(versions) for _ in range(3)]
    torch.rand(100)  # as dropout does
    assert all(torch.equal(a, again(versions)) for a in ours)
    assert not torch.equal(ours[0], ours[1])
    assert not torch.equal(ours[0], other(versions))


def test_it_draws_nothing_from_the_global_generator(x: Tensor) -> None:
    augment, before = module(shift=3, time_mask=9), torch.get_rng_state()
    augment(x)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_share_of_the_clips_is_noisy() -> None:
    clean, noisy = torch.zeros(1, 1000, I), torch.ones(1, 1000, I)
    versions = torch.cat([clean, noisy, 2 * noisy, 3 * noisy], -1)
    augment = Augment(torch.zeros(I), torch.ones(I), SILENCE, Augmentations(noisy_share=0.6))
    chosen = augment(versions)
    assert (chosen == chosen[..., :1]).all()  # all features of a clip are of one version
    counts = chosen[0, :, 0].long().bincount(minlength=4)
    assert counts[0].item() == pytest.approx(400, abs=70)
    assert counts[1:].tolist() == pytest.approx([200] * 3, abs=60)


def test_select_versions() -> None:
    x = torch.randn(T, B, 3, I, generator=generator())
    versions = torch.tensor([0, 2, 1, 0, 1, 2])
    for clip, version in enumerate(versions.tolist()):
        assert torch.equal(select_versions(x, versions)[:, clip], x[:, clip, version])


def test_shift_frames(x: Tensor) -> None:
    shifted = shift_frames(x, torch.tensor([0, 3, -2, T, -T, 1]), SILENCE)
    assert torch.equal(shifted[:, 0], x[:, 0])
    assert torch.equal(shifted[3:, 1], x[:-3, 1])
    assert torch.equal(shifted[:3, 1], SILENCE.expand(3, I))
    assert torch.equal(shifted[:-2, 2], x[2:, 2])
    assert torch.equal(shifted[-2:, 2], SILENCE.expand(2, I))
    assert torch.equal(shifted[:, 3:5], SILENCE.expand(T, 2, I))


def test_shifts_go_up_to_the_limit_in_both_directions() -> None:
    x = torch.zeros(T, 500, I)
    x[T // 2] = 1.0
    augment = Augment(torch.zeros(I), torch.ones(I), torch.zeros(I), Augmentations(shift=2))
    places = augment(x)[:, :, 0].argmax(0) - T // 2
    assert set(places.tolist()) == {-2, -1, 0, 1, 2}


@pytest.mark.parametrize(("size", "most"), [(49, 10), (40, 8), (5, 5)])
def test_masks_equal_those_of_torchaudio(size: int, most: int) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        expected = torch.ones(64, 1, size, 1)
        for _ in range(MASKS_PER_AXIS):
            expected = mask_along_axis_iid(expected, most, 0.0, axis=2)
    assert torch.equal(draw_masks(64, size, most, generator(7)), expected[:, 0, :, 0] == 0)


@pytest.mark.parametrize(("fields", "dim"), [({"time_mask": 6}, 0), ({"frequency_mask": 4}, 2)])
def test_masked_values_are_the_mean(fields: dict[str, int], dim: int) -> None:
    augment = module(**fields)
    hidden = augment(torch.full((T, 200, I), 100.0)) == 0
    other = 2 - dim
    assert torch.equal(hidden, hidden.any(other, keepdim=True).expand_as(hidden))  # one mask along the other axis
    assert 0 < hidden.double().mean() < 0.5
    assert hidden.any(other).sum(min(dim, 1)).max() <= MASKS_PER_AXIS * (next(iter(fields.values())) - 1)


def test_the_input_is_not_changed(x: Tensor) -> None:
    kept = x.clone()
    module(shift=3, time_mask=9, frequency_mask=4)(x)
    assert torch.equal(x, kept)
