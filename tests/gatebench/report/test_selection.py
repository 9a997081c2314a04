"""The selection by validation: which trials are shown, in which order, and which notes say so."""

from dataclasses import replace

import pytest

from gatebench.errors import UserError
from gatebench.outcome import Outcome
from gatebench.report.arms import arms_of
from gatebench.report.selection import CONDITIONAL, chosen_note, selected_arms, selection_notes
from gatebench.study import View
from gatebench.task import Metric
from tests.gatebench.report.studies import ACCURACY, SEARCH, column, only, outcome, rows, scored, searched, table_of

ERROR = Metric("accuracy", "min")


def kept(outcomes: list[Outcome], view: View, metric: Metric = ACCURACY) -> list[list[str]]:
    """Return the digests of the selected trials of each arm."""
    arms = selected_arms(arms_of(outcomes, SEARCH), view, metric)
    return [[trial.digest for trial in arm.trials.values()] for arm in arms]


def validated(one: Outcome, score: float) -> Outcome:
    """Return the outcome with another validation score."""
    return replace(one, metrics={**one.metrics, "best/val/accuracy": score})


def lost(outcomes: list[Outcome], digest: str, status: str) -> list[Outcome]:
    return [replace(one, status=status) if one.digest == digest else one for one in outcomes]  # type: ignore[arg-type]


def test_the_best_tenth_by_validation_is_kept() -> None:
    outcomes = [validated(one, one.seed % 28) for one in searched({"lstm": 0.5, "gru": 0.6}, draws=30)]
    assert kept(outcomes, "best10") == [[f"{cell}-{n}-{n}" for n in (25, 26, 27)] for cell in ("lstm", "gru")]
    assert kept(outcomes, "best10", ERROR)[0] == ["lstm-0-0", "lstm-1-1", "lstm-28-28"]
    assert kept(outcomes[:9], "best10") == [["lstm-8-8"]]
    assert kept(outcomes[:19], "best10") == [["lstm-18-18"]]
    assert kept(outcomes, "all") == [[f"{cell}-{n}-{n}" for n in range(30)] for cell in ("lstm", "gru")]


def test_a_test_score_selects_nothing() -> None:
    outcomes = searched({"lstm": 0.5}, draws=20)
    other = [replace(one, metrics={**one.metrics, "test/accuracy": -float(one.seed)}) for one in outcomes]
    assert kept(outcomes, "best10") == kept(other, "best10")
    assert kept(outcomes, "best") == kept(other, "best")


def test_a_trial_that_diverged_is_the_worst_and_one_that_did_not_end_is_not_selected() -> None:
    outcomes = searched({"lstm": 0.5}, draws=20)
    assert kept(outcomes, "best10") == [["lstm-17-17", "lstm-19-19"]]
    assert kept(lost(outcomes, "lstm-19-19", "diverged"), "best10") == [["lstm-15-15", "lstm-17-17"]]
    failed = lost(outcomes, "lstm-19-19", "failed")
    assert kept(failed, "best10") == [["lstm-17-17"]]
    assert kept(failed, "best") == [["lstm-17-17"]]
    assert kept([*outcomes[:-1], validated(outcomes[-1], float("nan"))], "best10") == [["lstm-15-15", "lstm-17-17"]]
    all_failed = [replace(one, status="failed") for one in outcomes[:3]]
    assert kept(all_failed, "best") == [["lstm-0-0"]]


def test_the_best_settings_come_with_all_their_seeds() -> None:
    outcomes = searched({"lstm": 0.5, "gru": 0.6}, draws=4, seeds=(3, 7))
    assert kept(outcomes, "best") == [[f"{cell}-3-3", f"{cell}-3-7"] for cell in ("lstm", "gru")]
    # A diverged seed makes the mean of its draw the worst, and a draw that lacks a seed is not compared.
    assert kept(lost(outcomes, "lstm-3-7", "diverged"), "best")[0] == ["lstm-1-3", "lstm-1-7"]
    assert kept([one for one in outcomes if one.digest != "lstm-3-7"], "best")[0] == ["lstm-1-3", "lstm-1-7"]
    (arm, _) = selected_arms(arms_of(outcomes, SEARCH), "best", ACCURACY)
    assert (list(arm.trials), arm.seeds, arm.varied, arm.numbered) == ([3, 7], (3, 7), (), False)
    assert chosen_note(arm) == "Chosen by validation: model.hidden_size=41, training.learning_rate=0.004."
    assert kept(scored(lstm=0.5, metrics={"lstm": {"best/val/accuracy": 0.5}}), "best")[0] == [
        f"sentiment-lstm-{seed}" for seed in range(8)
    ]


def test_a_draw_of_one_seed_lacks_no_seed_and_one_of_several_does() -> None:
    single = searched({"lstm": 0.5, "gru": 0.6}, draws=4)
    different = [validated(one, -one.seed) if one.cell == "gru" else one for one in single]
    arms = selected_arms(arms_of(different, SEARCH), "best", ACCURACY)
    assert [(list(arm.trials), arm.seeds) for arm in arms] == [([3], (3,)), ([0], (0,))]
    several = searched({"lstm": 0.5, "gru": 0.6}, draws=1, seeds=(3, 7))
    arms = selected_arms(arms_of(several[:-1], SEARCH), "best", ACCURACY)
    assert [(list(arm.trials), arm.seeds) for arm in arms] == [([3, 7], (3, 7)), ([3], (3, 7))]


def test_a_finished_trial_without_a_validation_score_is_refused() -> None:
    with pytest.raises(UserError, match="trial sentiment-lstm-0 of lstm has no validation score best/val/accuracy"):
        kept([outcome("lstm", 0, 0.5)], "best10")


def test_the_notes_say_how_and_how_many() -> None:
    outcomes = searched({"lstm": 0.5, "gru": 0.6}, draws=20)
    arms = selected_arms(arms_of(lost(outcomes, "gru-0-0", "failed"), SEARCH), "best10", ACCURACY)
    assert selection_notes(arms, ACCURACY) == [
        "Selected: the 10 % of each cell's trials with the best validation score (accuracy), at least one: "
        "2 of 20 trials (lstm); 1 of 19 trials, without 1 that did not end (gru). A trial that diverged counts as the "
        f"worst. {CONDITIONAL}"
    ]
    (note,) = selection_notes(selected_arms(arms_of(outcomes, SEARCH), "best", ACCURACY), ACCURACY)
    assert "the best mean validation score (accuracy), with all their seeds: 1 of 20 settings. A trial" in note
    assert selection_notes(arms_of(outcomes, SEARCH), ACCURACY) == []


def test_a_table_of_a_selection_compares_the_selected_trials() -> None:
    outcomes = searched({"lstm": 0.5, "gru": 0.6}, draws=50)
    table = table_of(outcomes, search=SEARCH, view="best10")
    assert column(only(table), "n") == {"lstm": "5", "gru": "5"}
    assert rows(table)["gru"].record["n"] == 5
    assert (rows(table)["gru"].record["view"], rows(table)["gru"].record["selected_from"]) == ("best10", 50)
    assert rows(table)["gru"].record["p"] == 2 / 252
    assert any("5 of 50 trials." in note for note in table.notes)
    seeds = searched({"lstm": 0.5, "gru": 0.6}, draws=5, seeds=range(6))
    best = table_of(seeds, search=SEARCH, view="best", test="paired")
    assert rows(best)["lstm"].record["chosen"] == "model.hidden_size=41, training.learning_rate=0.004"
    assert rows(best)["gru"].record["p"] == 2 / 64
    assert "parameters_low" not in rows(best)["gru"].record
    different = [validated(one, -one.seed) if one.cell == "gru" else one for one in outcomes]
    with pytest.raises(UserError, match="needs the same draws and seeds in all cells"):
        table_of(different, search=SEARCH, view="best10", test="paired")
