"""Searches in batches: which trials are known, and on what they depend."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial

import pytest

from gatebench.errors import UserError
from gatebench.outcome import STOPPED_AFTER, Outcome, Status
from gatebench.trial import Trial
from launch.config.batches import has_batches, known_batches
from launch.config.compose import _compose, _ComposedPlan, expand, hydra_session
from launch.config.past_trials import PastTrials
from launch.config.search_settings import SearchSettings
from tests.launch.trials import outcome

SPACE = [
    "task=digits",
    "training.max_epochs=6",
    "training.learning_rate=tag(log,interval(1e-4,1e-1))",
    "model.hidden_size=int(interval(4,40))",
    "search.batch=4",
]
TPE = [*SPACE, "cell=lstm,gru", "search.sampler=tpe"]
CMAES = [*SPACE, "cell=lstm", "search.sampler=cmaes"]
MEDIAN = [*SPACE, "cell=lstm,gru", "search.stop=median", "search.batch=6", "search.stop_after=2"]

End = Callable[[Trial], Outcome | None]


def finished(trial: Trial) -> Outcome:
    """The better, the nearer the rate is to 0.1 and the size to 40."""
    score = trial.training.learning_rate * 5 + trial.model.hidden_size / 100
    ended = outcome(trial, score=score)
    return replace(ended, metrics={**ended.metrics, "epochs": 6.0})


def score_of(outcome: Outcome) -> float:
    return outcome.metrics["best/val/accuracy"]


def curve(trial: Trial) -> list[float]:
    """The score of each of 6 epochs."""
    return [trial.model.hidden_size / 100 + epoch / 10 for epoch in range(6)]


@cache
def composed(overrides: tuple[str, ...]) -> _ComposedPlan:
    """Compose a config once: it takes a tenth of a second."""
    with hydra_session(None):
        return _compose(overrides)


@dataclass
class Known:
    """The trials that are known."""

    trials: list[Trial]
    following: int
    awaited: tuple[frozenset[str], ...]
    frozen: frozenset[str]


class Records:
    """Records in which trials end as a function says."""

    def __init__(self, end: End = finished) -> None:
        self.end = end
        self.outcomes: list[Outcome] = []
        self.curves: dict[str, list[float]] = {}

    def known(self, overrides: Sequence[str], draws: int) -> Known:
        plan = composed((*overrides, "trials=2"))
        past = PastTrials.of(self.outcomes, lambda metric: self.curves)
        assert plan.axes is not None
        found = known_batches(plan.grids, plan.axes, plan.search, draws, lambda settings: (past, lambda trial: trial))
        trials = sorted((one.trial for one in found.trials), key=lambda trial: trial.seed)
        return Known(trials, found.following, found.awaited, found.frozen)

    def run(self, trials: Sequence[Trial]) -> None:
        for trial in trials:
            if (ended := self.end(trial)) is not None:
                self.outcomes.append(ended)
                self.curves[trial.digest] = curve(trial)

    def sweep(self, overrides: Sequence[str], draws: int) -> Known:
        """Run all trials that are known, until there is no new one."""
        known = self.known(overrides, draws)
        while new := [one for one in known.trials if all(one.digest != ended.digest for ended in self.outcomes)]:
            self.run(new)
            known = self.known(overrides, draws)
        return known


def of_cell(known: Known, cell: str) -> list[Trial]:
    return [trial for trial in known.trials if trial.build_cell().name == cell]


def test_only_tpe_cmaes_and_a_rule_need_batches() -> None:
    assert not has_batches(SearchSettings(sampler="qmc", batch=3))
    assert has_batches(SearchSettings(sampler="cmaes"))
    assert has_batches(SearchSettings(stop="asha"))


def test_the_trials_of_a_batch_are_known_when_the_batch_before_has_ended() -> None:
    records = Records()
    first = records.known(TPE, 10)
    assert (len(first.trials), first.following) == (8, 12)
    values = {cell: [(t.model, t.training) for t in of_cell(first, cell)] for cell in ("lstm", "gru")}
    assert values["lstm"] == values["gru"]  # all arms share the draws of the first batch
    records.run(of_cell(first, "lstm")[:3])
    waiting = records.known(TPE, 10)
    assert waiting.trials == first.trials
    assert list(map(len, waiting.awaited)) == [1, 4]
    assert records.known(TPE, 4).awaited == ()
    records.run(of_cell(first, "lstm")[3:])
    second = records.known(TPE, 10)
    assert (len(second.trials), second.following) == (12, 8)  # one arm does not wait for the other
    assert {trial.digest for trial in first.trials} < {trial.digest for trial in second.trials}


@pytest.mark.parametrize("sampler", ["tpe", "cmaes"])
def test_more_draws_are_appended_and_follow_from_the_scores(sampler: str) -> None:
    overrides = [*SPACE, "cell=lstm", f"search.sampler={sampler}"]
    ten = Records().sweep(overrides, 10)
    records = Records()
    records.sweep(overrides, 10)
    eighteen = records.sweep(overrides, 18)
    assert eighteen.trials[:10] == ten.trials
    assert len(eighteen.trials) == 18
    assert eighteen.following == 0
    assert [trial.seed for trial in eighteen.trials] == list(range(18))
    opposite = Records(lambda trial: outcome(trial, score=1 - score_of(finished(trial))))
    other = opposite.sweep(overrides, 18)
    assert other.trials[:4] == eighteen.trials[:4]
    assert other.trials[14:] != eighteen.trials[14:]


def test_the_order_in_which_trials_end_changes_nothing() -> None:
    one, other = Records(), Records()
    for _ in range(3):
        one.run([t for t in one.known(CMAES, 12).trials if t.digest not in one.curves])
        other.run([t for t in reversed(other.known(CMAES, 12).trials) if t.digest not in other.curves])
    assert one.known(CMAES, 12).trials == other.known(CMAES, 12).trials
    assert len(one.curves) == 12


def test_the_test_scores_have_no_effect() -> None:
    def with_test_score(trial: Trial) -> Outcome:
        ended = finished(trial)
        return replace(ended, metrics={**ended.metrics, "test/accuracy": 1 - ended.metrics["test/accuracy"]})

    assert Records().sweep(CMAES, 12).trials == Records(with_test_score).sweep(CMAES, 12).trials


def test_a_draw_with_several_seeds_counts_by_its_mean() -> None:
    def scattered(deviation: float, trial: Trial) -> Outcome:
        return outcome(trial, score=score_of(finished(trial)) + (deviation if trial.seed else -deviation))

    both = [Records(partial(scattered, by)).sweep([*CMAES, "seed=0,1"], 8).trials for by in (0.0, 2.0**-7)]
    assert both[0] == both[1]
    assert [trial.seed for trial in both[0]] == [0] * 8 + [1] * 8


def test_a_failed_trial_is_not_told_and_not_run_again_when_the_batch_is_complete() -> None:
    failing = {trial.digest for trial in Records().sweep(CMAES, 8).trials[4:6]}

    def end(status: Status, trial: Trial) -> Outcome:
        return outcome(trial, status) if trial.digest in failing else finished(trial)

    ends: tuple[Status, ...] = ("failed", "refused", "diverged")
    failed, refused, diverged = (Records(partial(end, status)).sweep(CMAES, 12) for status in ends)
    assert failed.frozen == failing
    assert refused == failed
    assert diverged.frozen == frozenset()
    assert diverged.trials != failed.trials  # it counts as the worst
    assert Records(partial(end, "failed")).sweep(CMAES, 4).frozen == frozenset()  # no batch follows


def test_a_batch_without_a_result_is_run_again() -> None:
    records = Records(lambda trial: outcome(trial, "failed"))
    records.run(records.known(TPE, 8).trials)
    known = records.known(TPE, 8)
    assert (len(known.trials), known.following, known.frozen) == (8, 8, frozenset())
    records.end = finished
    records.run(known.trials)  # a result counts more than the earlier failure
    assert records.known(TPE, 8).following == 0


def test_an_interrupted_trial_has_not_ended() -> None:
    records = Records(lambda trial: outcome(trial, "interrupted"))
    records.run(records.known(TPE, 8).trials)
    assert records.known(TPE, 8).following == 8


def test_a_plan_has_named_arms_and_conditions_in_batches() -> None:
    plan = expand(
        [
            *SPACE,
            "search.sampler=tpe",
            "trials=6",
            "arms.small=[cell=lstm]",
            "arms.clipped=[cell=lstm,training.gradient_clip=0.5]",
            "training.momentum=interval(0.1,0.9)",
            "training.optimizer=tag(draw,choice(adam,sgd))",
            "search.when.training.momentum=training.optimizer=sgd",
        ]
    )
    assert (len(plan.trials), plan.following) == (8, 4)
    assert plan.declaration("mine").samplers == ("tpe",)
    assert {label for labels in plan.labels.values() for label in labels} == {"small", "clipped"}
    pairs = {(trial.training.optimizer == "sgd", trial.training.momentum > 0) for trial in plan.trials}
    assert pairs == {(True, True), (False, False)}
    assert plan.runnable == list(plan.trials)
    frozen = replace(plan, frozen=frozenset([plan.trials[0].digest]))
    assert frozen.runnable == list(plan.trials[1:])
    assert replace(frozen, settings=replace(plan.settings, force=True)).runnable == list(plan.trials)


def test_trials_that_can_be_stopped_get_the_scores_of_earlier_batches() -> None:
    free = expand([*SPACE, "cell=lstm,gru", "trials=10"]).trials
    first = Records().known(MEDIAN, 10).trials
    assert first == list(free[:12])
    assert [trial.digest for trial in first] == [trial.digest for trial in free[:12]]
    known = Records().sweep(MEDIAN, 10)
    sizes = sorted(trial.model.hidden_size for trial in of_cell(known, "gru")[:6])
    middle = (sizes[2] + sizes[3]) / 200
    for trial in of_cell(known, "gru")[6:]:
        assert [epoch for epoch, _ in trial.stop_scores] == [2, 3, 4, 5]
        assert [score for _, score in trial.stop_scores] == pytest.approx(
            [middle + epoch / 10 for epoch in range(1, 5)]
        )
    # Without the rule the values are the same, and the digests of the later trials are others.
    assert [trial.training for trial in known.trials] == [trial.training for trial in free]
    assert not {trial.digest for trial in of_cell(known, "gru")[6:]} & {trial.digest for trial in free}


@pytest.mark.parametrize(("batch", "epochs"), [(6, []), (7, [2, 3, 4, 5])])
def test_only_finished_trials_are_compared_with(batch: int, epochs: list[int]) -> None:
    """Of the first trials, one has diverged and one was stopped, and the rule needs five."""

    def end(trial: Trial) -> Outcome:
        if trial.seed == 0:
            return outcome(trial, "diverged")
        return replace(finished(trial), facts={STOPPED_AFTER: "6"} if trial.seed == 1 else {})

    trials = Records(end).sweep([*MEDIAN, "cell=lstm", f"search.batch={batch}"], batch + 1).trials
    assert [epoch for epoch, _ in trials[-1].stop_scores] == epochs


def test_lost_epochs_and_streams_are_refused() -> None:
    records = Records()
    records.run(records.known(MEDIAN, 10).trials)
    broken = of_cell(records.known(MEDIAN, 6), "lstm")[2]
    records.curves[broken.digest].pop()
    with pytest.raises(UserError, match=rf"all 6 epochs of the trial {broken.digest}, and the records have 5; "):
        records.known(MEDIAN, 10)
    with pytest.raises(UserError, match=r"search\.stop=median needs one .* continual has one for each of its exper"):
        records.known([*MEDIAN, "task=continual"], 10)
