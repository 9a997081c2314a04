"""Arms: one outcome a seed, of one cell with the same settings, and a reason for every seed without a score."""

from dataclasses import replace

import pytest

from gatebench.errors import UserError
from gatebench.outcome import Outcome
from gatebench.report.arms import arms_of
from tests.gatebench.report.studies import SEARCH, outcome, scored, searched

SCORE = "test/accuracy"


def test_cells_with_equal_equations_are_one_arm_with_all_labels() -> None:
    first = outcome("lstm", 0, 0.1)
    arms = arms_of([first, outcome("gru", 0, 0.2), replace(first, cell="lstm_np"), outcome("lstm", 1, 0.3)])
    assert [arm.label for arm in arms] == ["lstm = lstm_np", "gru"]
    assert [arm.scores(SCORE) for arm in arms] == [{0: 0.1, 1: 0.3}, {0: 0.2}]
    assert arms[0].matches("lstm")
    assert arms[0].matches("lstm_np")
    assert arms[0].matches("lstm-equations")
    assert not arms[0].matches("gru")


def test_one_label_of_two_cells_is_told_apart_by_the_digest() -> None:
    arms = arms_of([outcome("lstm", 0, 0.1), replace(outcome("other", 0, 0.2), cell="lstm")])
    assert [arm.label for arm in arms] == ["lstm (lstm-equ)", "lstm (other-eq)"]


def test_each_group_of_settings_is_an_arm_of_its_own() -> None:
    def trial(cell: str, size: str, seed: int) -> list[Outcome]:
        settings = {"model.hidden_size": size, "training.max_epochs": "8"}
        return [outcome(cell, seed, 0.5, settings=settings, digest=f"{cell}-{size}-{seed}")]

    arms = arms_of(trial("lstm", "128", 0) + trial("gru", "64", 0) + trial("lstm", "64", 0) + trial("lstm", "64", 1))
    assert [arm.label for arm in arms] == [
        "lstm · model.hidden_size=64",
        "lstm · model.hidden_size=128",
        "gru · model.hidden_size=64",
    ]
    assert [list(arm.trials) for arm in arms] == [[0, 1], [0], [0]]


def test_every_seed_of_the_task_has_a_score_or_a_reason() -> None:
    outcomes = [
        outcome("a", 3, 0.1),
        outcome("b", 0, 0.2, status="interrupted"),
        outcome("b", 1, 0.2, status="diverged", sentence="The loss is NaN.", metrics={SCORE: 0.7}),
        outcome("b", 2, float("inf")),
        replace(outcome("b", 4, 0.2), metrics={"test/mse": 0.1}),
        outcome("b", 5, 0.2, status="refused", sentence="It has\nexponential gates."),
        outcome("b", 6, -1e200),
    ]
    a, b = arms_of(outcomes)
    assert (a.scores(SCORE), a.diverged(SCORE), a.unfinished(SCORE)) == ({3: 0.1}, {}, {})
    assert a.absent() == [0, 1, 2, 4, 5, 6]
    assert b.scores(SCORE) == {}
    assert b.diverged(SCORE) == {1: "The loss is NaN", 2: "test/accuracy is inf", 6: "test/accuracy is -1e+200"}
    assert b.unfinished(SCORE) == {
        0: "interrupted",
        4: "finished without test/accuracy",
        5: "refused (It has exponential gates)",
    }
    assert b.absent() == [3]


def test_a_repeated_trial_counts_once_and_finished_first() -> None:
    failed = [replace(one, status="failed", metrics={}) for one in scored(a=0.5)]
    expected = arms_of(scored(a=0.5))
    assert arms_of(scored(a=0.5) + failed) == expected
    assert arms_of(failed + scored(a=0.5) + scored(a=0.5)) == expected


def test_trials_that_differ_in_nothing_that_is_shown_are_refused() -> None:
    with pytest.raises(UserError) as error:
        arms_of([outcome("a", 0, 0.5), outcome("a", 0, 0.6, digest="another")])
    assert str(error.value) == (
        "Cell 'a' has two different trials with seed 0 on task 'sentiment' (sentiment-a-0 and another); "
        "a table takes the trials of one experiment."
    )
    with pytest.raises(UserError, match=r"and another, with different data \(x.csv\)\);"):
        arms_of(
            [
                outcome("a", 0, 0.5, facts={"data/x.csv": "1", "data/y.csv": "2"}),
                outcome("a", 0, 0.6, digest="another", facts={"data/x.csv": "3", "data/y.csv": "2"}),
            ]
        )


def test_networks_of_two_sizes_are_refused() -> None:
    (arm,) = arms_of([outcome("a", 0, 0.5), outcome("a", 1, 0.6, metrics={"parameters": 99})])
    with pytest.raises(UserError) as error:
        arm.constant("parameters")
    assert str(error.value) == (
        "The trials of cell 'a' have networks of 99 and 1,234 parameters; a table takes the trials of one experiment."
    )


def test_figures_are_medians_over_the_seeds_that_have_them() -> None:
    outcomes = [outcome("a", seed, 0.5, metrics={"seconds": value}) for seed, value in enumerate((3.0, 100.0, 4.0))]
    outcomes.append(outcome("a", 3, 0.5, status="diverged", metrics={"seconds": 1.0}))
    (arm,) = arms_of(outcomes)
    assert arm.values("seconds") == [3.0, 100.0, 4.0]
    assert arm.median("seconds") == 4.0
    assert (arm.median("memory"), arm.constant("memory"), arm.constant("parameters")) == (None, None, 1234)


def test_simple_methods_are_read_from_any_trial() -> None:
    (arm,) = arms_of([outcome("a", 0, 0.5), outcome("a", 1, 0.5, metrics={"baseline/repeat-last": 0.75})])
    assert arm.simple_methods() == {"repeat-last": 0.75}


def test_the_trials_of_a_search_are_one_arm() -> None:
    lstm, gru = arms_of(searched({"lstm": 0.5, "gru": 0.6}), SEARCH)
    assert (lstm.label, lstm.settings, lstm.varied) == ("lstm", (), tuple(SEARCH))
    assert list(lstm.trials) == list(gru.trials) == list(lstm.seeds) == list(range(10))
    assert not lstm.numbered
    assert (lstm.constant("parameters"), lstm.extent("parameters")[::9]) == (None, (50, 950))
    assert len(arms_of(searched({"lstm": 0.5, "gru": 0.6}))) == 20


def test_seeds_of_draws_are_numbered() -> None:
    lstm, gru = arms_of(searched({"lstm": 0.5, "gru": 0.6}, draws=3, seeds=(4, 5)), SEARCH)
    assert lstm.numbered
    assert [(number, one.seed) for number, one in gru.trials.items()] == [
        (0, 4),
        (1, 4),
        (2, 4),
        (3, 5),
        (4, 5),
        (5, 5),
    ]
    assert lstm.absent() == gru.absent() == []
    some, _ = arms_of(searched({"lstm": 0.5, "gru": 0.6}, draws=3, seeds=(4, 5))[1:], SEARCH)
    assert some.absent() == [0]


def test_cells_with_settings_of_their_own_miss_no_trials() -> None:
    lstm = searched({"lstm": 0.5}, draws=3, seeds=(0,))
    gru = [replace(one, settings={"model.hidden_size": "7"}, digest=f"gru-{n}") for n, one in enumerate(lstm[:1])]
    arms = arms_of(lstm + [replace(one, cell="gru", cell_digest="gru") for one in gru], ["model.hidden_size"])
    by_cell = {arm.labels[0]: arm for arm in arms_of([*lstm, replace(gru[0], cell_digest="gru", cell="gru")], SEARCH)}
    assert len(arms) == 4  # the learning rate separates rows
    assert [len(arm.seeds) for arm in by_cell.values()] == [3, 1]
