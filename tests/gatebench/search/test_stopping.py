"""The rules that stop trials: they decide as Optuna's pruners on the same curves."""

import random
from itertools import accumulate

import optuna
import pytest

from gatebench.search.stopping import Direction, Reference, stop_epoch, stop_scores

EPOCHS, FIRST = 20, 2


def curves(number: int, seed: int) -> list[list[float]]:
    """Random learning curves of all epochs."""
    draw = random.Random(seed)
    levels = [draw.random() for _ in range(number)]
    return [[level + draw.random() + epoch / EPOCHS for epoch in range(EPOCHS)] for level in levels]


def stopped_by_optuna(pruner: optuna.pruners.BasePruner, earlier: list[Reference], curve: list[float]) -> int | None:
    """Return the epoch after which Optuna's pruner stops a trial that reports its best score so far."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize", pruner=pruner)
    for reference in earlier:
        trial = study.ask()
        for epoch, score in enumerate(accumulate(reference.scores, max), 1):
            trial.report(score, epoch)
            trial.should_prune()  # Optuna's successive halving keeps the scores at its epochs there
        study.tell(trial, max(reference.scores))
    trial = study.ask()
    for epoch, score in enumerate(list(accumulate(curve, max))[:-1], 1):
        trial.report(score, epoch)
        if trial.should_prune():
            return epoch
    return None


@pytest.mark.parametrize("rule", ["median", "asha"])
def test_the_decisions_are_those_of_optuna(rule: str) -> None:
    pruners = {
        "median": optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=FIRST),
        "asha": optuna.pruners.SuccessiveHalvingPruner(min_resource=FIRST, reduction_factor=4),
    }
    decisions = []
    for seed in range(12):
        *others, curve = curves(9, seed)
        # Successive halving also compares with trials that it has stopped; they have no later epochs.
        earlier = [Reference(other[: 8 if rule == "asha" and i % 3 == 0 else EPOCHS]) for i, other in enumerate(others)]
        required = stop_scores(rule, earlier, FIRST, EPOCHS, "max")
        decisions.append(stop_epoch(curve, required, "max"))
        assert decisions[-1] == stopped_by_optuna(pruners[rule], earlier, curve)
    assert None in decisions
    assert len(set(decisions)) > 1


@pytest.mark.parametrize("rule", ["median", "asha"])
def test_the_direction_turns_the_scores_around(rule: str) -> None:
    *others, curve = curves(9, 3)

    def decision(sign: int, direction: Direction) -> int | None:
        earlier = [Reference([sign * score for score in other]) for other in others]
        return stop_epoch(
            [sign * score for score in curve], stop_scores(rule, earlier, FIRST, EPOCHS, direction), direction
        )

    assert decision(1, "max") == decision(-1, "min")


def test_the_median_is_that_of_at_least_five_trials_that_were_not_stopped() -> None:
    earlier = [Reference([score, score + 1]) for score in (1.0, 2, 3, 4)]
    assert stop_scores("median", [*earlier, Reference([9, 9], stopped=True)], 1, 4, "max") == ()
    # A trial that ended after two epochs keeps its best score.
    assert stop_scores("median", [*earlier, Reference([5, 4])], 1, 4, "max") == ((1, 3), (2, 4), (3, 4))


def test_successive_halving_compares_at_four_times_as_many_epochs() -> None:
    earlier = [Reference([float(number)] * (16 if number > 2 else 4)) for number in range(8)]
    # 9 trials with the new one: the best 2 go on. Of the 5 + 1 that reach epoch 16, the best one.
    assert stop_scores("asha", earlier, 1, 64, "max") == ((1, 6), (4, 6), (16, 7))
    assert stop_scores("asha", earlier, 1, 64, "min") == ((1, 1), (4, 1), (16, 3))
    assert stop_scores("asha", [], 1, 64, "max") == ()


def test_an_equal_score_goes_on() -> None:
    assert stop_epoch([1, 2, 3], ((2, 2),), "max") is None
    assert stop_epoch([1, 1.5, 3], ((2, 2),), "max") == 2
    assert stop_epoch([1, 1.5], ((3, 9),), "max") is None
