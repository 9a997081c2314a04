"""One task's rows: what is compared, what is marked, what is told."""

from dataclasses import replace
from typing import Any

import pytest

from gatebench.report.ablation_table import ablation_table
from gatebench.task import Metric
from tests.gatebench.report.studies import SEEDS, changed, only, outcome, rows, study


def test_a_row_says_the_mean_the_interval_n_and_the_difference() -> None:
    outcomes = [outcome("lstm", seed, 0.8 + seed / 100) for seed in SEEDS]
    outcomes += [outcome("cifg", seed, 0.79 + seed / 100 + (-1) ** seed / 1000) for seed in SEEDS]
    table = ablation_table(outcomes)
    assert [column.title for column in only(table).columns] == [
        "cell", "accuracy % ↑", "n", "difference", "p (Holm)", "parameters", "seconds",
    ]  # fmt: skip
    lstm, cifg = only(table).rows
    # By hand: t(0.975, 7) = 2.3646; s = 2.449 points over the seeds. Welch: 14 degrees of freedom, ± 2.1448 · 1.217.
    assert lstm.texts == ("lstm", "83.50 ± 2.05", "8", "baseline", "–", "1,234", "14")
    assert cifg.texts == ("cifg", "82.50 ± 2.03", "8", "−1.00 ± 2.63", "0.433", "1,234", "14")
    assert (lstm.bold, cifg.bold) == (True, True)


def test_the_record_is_unrounded_and_in_the_metrics_own_unit() -> None:
    outcomes = study(lstm=0.8, cifg=0.5)
    record = only(ablation_table(changed(outcomes, chance=0.5))).rows[1].record
    scores = [outcome.metrics["test/accuracy"] for outcome in outcomes if outcome.cell == "cifg"]
    assert record["mean"] == pytest.approx(sum(scores) / 8, rel=1e-15)
    assert record["difference_low"] < record["difference_mean"] < record["difference_high"] < 0  # type: ignore[operator]
    assert (record["p"], record["attainable"], record["n"], record["seeds"]) == (2 / 12870, True, 8, 8)
    assert (record["cell_digest"], record["chance"], record["baseline"]) == ("cifg-equations", 0.5, "lstm")


def test_smaller_is_better_where_the_metric_says_so() -> None:
    outcomes = [outcome(cell, seed, score + seed / 100) for cell, score in (("a", 0.5), ("b", 0.6)) for seed in SEEDS]
    table = ablation_table(changed(outcomes, metric=Metric("mse", "min")), baseline="b")
    assert only(table).columns[1].title == "mse ↓"
    a, b = only(table).rows
    assert (a.bold, b.bold) == (True, False)
    assert a.texts[1] == "0.5350 ± 0.0205"
    assert a.texts[3] == "−0.1000 ± 0.0267"


def test_what_cannot_be_told_from_the_best_is_bold_too() -> None:
    table = rows(ablation_table(study(a=0.8, b=0.8, c=0.7)))
    assert [row.bold for row in table.values()] == [True, True, False]


def test_lost_seeds_are_told_and_kept_out_of_the_contest() -> None:
    outcomes = study(lstm=0.8, rnn=0.9, gru=0.8, slstm=0.8)
    lost: dict[tuple[str, int], dict[str, Any]] = {
        ("rnn", 2): {"status": "diverged", "sentence": "The loss became NaN\n at epoch 4."},
        ("rnn", 5): {"status": "diverged", "sentence": "The loss became NaN at epoch 4."},
        ("rnn", 6): {"metrics": {"test/accuracy": float("nan")}},
        **{("slstm", seed): {"status": "refused", "sentence": "It has exponential gates."} for seed in SEEDS},
    }
    outcomes = [replace(one, **lost.get((one.cell, one.seed), {})) for one in outcomes]
    outcomes = [one for one in outcomes if (one.cell, one.seed) != ("gru", 7)]
    table = ablation_table(outcomes)
    found = rows(table)
    assert [row.footnote for row in found.values()] == [None, 1, 2, 3]
    assert only(table).footnotes == (
        "n = 5 of 8: seeds 2, 5 diverged (The loss became NaN at epoch 4); "
        "seed 6 finished without a finite test/accuracy.",
        "n = 7 of 8: seed 7 without a trial.",
        "n = 0 of 8: every seed refused (It has exponential gates).",
    )
    assert found["slstm"].texts[1:5] == ("–", "0", "–", "–")
    # rnn has the best mean, of the seeds that it survived.
    assert (found["rnn"].texts[2], found["rnn"].bold, found["gru"].bold) == ("5", False, False)
    assert found["rnn"].record["seeds"] == 8
    assert not found["lstm"].bold
    assert "Nothing is marked as best: fewer than two cells have a score for every seed." in table.notes


def test_equal_footnotes_are_said_once() -> None:
    outcomes = [one for one in study(a=0.5, b=0.6, c=0.7, d=0.8) if one.seed or one.cell == "a"]
    outcomes = [one for one in outcomes if (one.cell, one.seed) != ("d", 3)]
    table = ablation_table(outcomes)
    assert [row.footnote for row in only(table).rows] == [None, 1, 1, 2]
    assert len(only(table).footnotes) == 2


def test_a_baseline_that_lost_seeds_shows_in_every_difference() -> None:
    outcomes = [one for one in study(lstm=0.8, gru=0.8) if (one.cell, one.seed) != ("lstm", 0)]
    assert rows(ablation_table(outcomes))["gru"].texts[3].endswith(" (n=7)")


def test_too_few_seeds_are_never_called_not_significant() -> None:
    outcomes = [one for one in study(a=0.8, b=0.5, c=0.6, d=0.1, e=0.2) if one.seed < 4]
    table = ablation_table(outcomes)
    assert [row.texts[4] for row in only(table).rows] == ["–"] + ["n too small"] * 4
    assert any(
        note.startswith("n too small: ") and note.endswith("4 comparisons need 5 seeds.") for note in table.notes
    )


def test_one_seed_has_no_interval_and_all_are_bold() -> None:
    table = ablation_table([outcome("a", 0, 0.9), outcome("b", 0, 0.1)])
    assert [row.texts[1:4] for row in only(table).rows] == [("90.00", "1", "baseline"), ("10.00", "1", "−80.00")]
    assert all(row.bold for row in only(table).rows)


def test_simple_methods_stand_below_chance() -> None:
    outcomes = [replace(o, metrics={**o.metrics, "baseline/repeat-last": 0.75}) for o in study(a=0.8, b=0.7)]
    rows = only(ablation_table(changed(outcomes, chance=0.5))).rows
    assert [row.texts[:3] for row in rows[2:]] == [("chance", "50.00", "–"), ("repeat-last", "75.00", "–")]
    assert not any(row.record or row.bold for row in rows[2:])


def test_chance_is_the_last_row() -> None:
    row = only(ablation_table(changed(study(a=0.8), chance=0.5))).rows[-1]
    assert row.texts[:3] == ("chance", "50.00", "–")
    assert row.record == {}
