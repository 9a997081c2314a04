"""The notes on single rows."""

from dataclasses import replace
from typing import Any

from gatebench.outcome import Outcome
from gatebench.report.arms import arms_of
from gatebench.report.footnotes import NOT_A_CELL, Footnotes, footnotes
from gatebench.report.task_comparison import task_comparison
from gatebench.study import Study
from tests.gatebench.report.studies import ACCURACY, SEARCH, SEEDS, outcome, scored, searched


def notes_of(outcomes: list[Outcome]) -> Footnotes:
    arms = arms_of(outcomes)
    return footnotes(arms, task_comparison(ACCURACY, Study("made-up"), arms, "lstm"))


def test_every_seed_without_a_score_is_named_with_its_reason() -> None:
    outcomes = scored(lstm=0.8, rnn=0.9, gru=0.8, slstm=0.8, mgu=0.7)
    lost: dict[tuple[str, int], dict[str, Any]] = {
        ("rnn", 2): {"status": "diverged", "sentence": "The loss became NaN\n at epoch 4."},
        ("rnn", 5): {"status": "diverged", "sentence": "The loss became NaN at epoch 4."},
        ("rnn", 6): {"metrics": {"test/accuracy": float("nan")}},
        ("mgu", 1): {"status": "interrupted"},
        **{("slstm", seed): {"status": "refused", "sentence": "It has exponential gates."} for seed in SEEDS},
    }
    outcomes = [replace(one, **lost.get((one.cell, one.seed), {})) for one in outcomes]
    outcomes = [one for one in outcomes if (one.cell, one.seed) != ("gru", 7)]
    found = notes_of(outcomes)
    assert found.texts == (
        "3 of 8 seeds diverged: seeds 2, 5 (The loss became NaN at epoch 4); seed 6 (test/accuracy is nan).",
        "Seed 7 has no trial.",
        "Left out of the comparisons, because not every trial ended: every seed refused (It has exponential gates).",
        "Left out of the comparisons, because not every trial ended: seed 1 interrupted.",
    )
    assert found.numbers == {"lstm": (), "rnn": (1,), "gru": (2,), "slstm": (3,), "mgu": (4,)}


def test_rows_with_equal_notes_share_a_number_and_a_row_may_have_several() -> None:
    outcomes = [one for one in scored(lstm=0.5, b=0.6, c=0.7) if one.seed or one.cell == "lstm"]
    outcomes = [replace(one, facts={"backend": "fused" if one.cell != "c" else "reference"}) for one in outcomes]
    found = notes_of(outcomes)
    assert found.texts == ("Seed 0 has no trial.", "Backend reference (most trials: fused).")
    assert found.numbers == {"lstm": (), "b": (1,), "c": (1, 2)}


def test_an_architecture_is_marked_as_no_cell() -> None:
    outcomes = scored(lstm=0.5, mine=0.6)
    outcomes = [replace(one, settings={"cell.base": "tcn"}) if one.cell == "mine" else one for one in outcomes]
    outcomes = [replace(one, facts={"backend": "torch" if one.cell == "mine" else "fused"}) for one in outcomes]
    found = notes_of(outcomes)
    assert found.texts == (NOT_A_CELL,)
    assert found.numbers == {"lstm": (), "mine": (1,)}


def sized(cell: str, *sizes: int) -> list[Outcome]:
    return [
        outcome(cell, seed, 0.5 + seed / 9, digest=f"{cell} {size} {seed}", settings={"model.hidden_size": str(size)})
        for size in sizes
        for seed in SEEDS
    ]


def test_a_row_without_a_baseline_of_its_settings_is_marked() -> None:
    found = notes_of(sized("lstm", 8, 16) + sized("gru", 32))
    assert found.texts == ("Not compared: the baseline has no trials with these settings.",)
    assert found.numbers["gru · model.hidden_size=32"] == (1,)


def test_a_row_that_is_compared_with_other_settings_is_marked() -> None:
    found = notes_of(sized("lstm", 8) + sized("gru", 8, 32))
    assert found.texts == ("Compared with a baseline that has other settings.",)
    assert [label for label, numbers in found.numbers.items() if numbers] == ["gru · model.hidden_size=32"]
    assert notes_of(sized("lstm", 8, 16)).texts == ()


def test_the_trials_of_a_search_without_a_score_are_counted() -> None:
    outcomes = [
        replace(one, status="diverged", sentence="NaN.") if one.cell == "gru" and one.seed < 3 else one
        for one in searched({"lstm": 0.5, "gru": 0.6, "mgu": 0.7})[:-2]
    ]
    arms = arms_of(outcomes, SEARCH)
    found = footnotes(arms, task_comparison(ACCURACY, Study("made-up", search=SEARCH), arms, "lstm"))
    assert found.texts == ("3 of 10 trials diverged: 3 (NaN).", "2 of 10 trials have not been run.")
