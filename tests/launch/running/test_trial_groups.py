from dataclasses import replace

from gatebench.trial import Training, Trial
from launch.running.trial_groups import grouped, spread
from tests.launch.trials import trial


def of(device: str, seed: int, **settings: object) -> Trial:
    return replace(trial(seed=seed), training=Training(device=device, **settings))  # type: ignore[arg-type]


def test_neighbours_on_one_device_are_grouped_in_their_order() -> None:
    trials = [*(of("cpu", seed) for seed in range(5)), of("cuda", 0), of("cuda", 1), of("cpu", 9)]
    groups = grouped(trials, lambda one: 2)
    assert [trial for group in groups for trial in group] == trials
    assert [len(group) for group in groups] == [2, 2, 1, 2, 1]
    assert grouped([], lambda one: 2) == []


def test_a_trial_that_must_be_alone_is_alone() -> None:
    trials = [of("cpu", 0), of("cpu", 1, compile=True), of("cpu", 2), of("cpu", 3)]
    groups = grouped(trials, lambda one: 1 if one.training.compile else 3)
    assert groups == [[trials[0]], [trials[1]], trials[2:]]


def test_no_gpu_is_idle_while_another_trains_several() -> None:
    assert spread(4, "cuda", waiting=4, slots=4) == 1
    assert spread(4, "cuda", waiting=6, slots=4) == 2
    assert spread(4, "cuda", waiting=100, slots=4) == 4
    assert spread(4, "cuda", waiting=0, slots=0) == 1
    assert spread(4, "cpu", waiting=1, slots=4) == 4
