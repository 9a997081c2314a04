"""One task's rows: their texts, marks and order."""

from dataclasses import replace

from gatebench.task import Metric
from tests.gatebench.report.studies import SEEDS, changed, column, only, outcome, rows, scored, table_of


def test_a_row_says_the_mean_the_interval_n_and_the_difference() -> None:
    outcomes = [outcome("lstm", seed, 0.8 + seed / 100) for seed in SEEDS]
    outcomes += [outcome("cifg", seed, 0.7 + seed / 100) for seed in SEEDS]
    table = table_of(outcomes, baseline="lstm")
    assert [column.title for column in only(table).columns] == [
        "cell", "accuracy % ↑", "n", "difference", "p (Holm)", "effect g", "median", "best",
        "parameters", "FLOPs/step", "seconds",
    ]  # fmt: skip
    lstm, cifg = only(table).rows
    # By hand: t(0.975, 7) = 2.3646, s = 2.449 points; g = -10 / 2.449 times J(14) = 0.9456.
    assert lstm.texts[:6] == ("lstm", "83.5 ± 2.0", "8", "baseline", "–", "–")
    assert cifg.texts[:3] == ("cifg", "73.5 ± 2.0", "8")
    assert cifg.texts[3].startswith("−10.0 ± ")
    assert cifg.texts[4:6] == ("< 0.001", "−3.9 [−5.5, −2.1]")
    assert cifg.texts[6:] == ("73.5", "77.0", "1,234", "–", "14")
    assert (sorted(lstm.bold), sorted(cifg.bold)) == ([1], [])


def test_smaller_is_better_where_the_metric_says_so() -> None:
    outcomes = [outcome(cell, seed, score + seed / 100) for cell, score in (("a", 0.5), ("b", 0.6)) for seed in SEEDS]
    table = table_of(changed(outcomes, metric=Metric("mse", "min")), baseline="b")
    assert only(table).columns[1].title == "mse ↓"
    a, b = only(table).rows
    assert (bool(a.bold), bool(b.bold)) == (True, False)
    assert a.texts[1] == "0.535 ± 0.020"
    assert column(only(table), "best") == {"a": "0.500", "b": "0.600"}


def test_cells_that_the_test_does_not_distinguish_from_the_best_are_bold_too() -> None:
    table = rows(table_of(scored(a=0.8, b=0.8, c=0.7)))
    assert [bool(row.bold) for row in table.values()] == [True, True, False]


def test_a_diverged_cell_has_its_median_its_share_and_a_p_by_rank() -> None:
    outcomes = [
        replace(one, status="diverged", sentence="nan") if one.cell == "rnn" and one.seed in (2, 5, 6) else one
        for one in scored(lstm=0.8, rnn=0.6)
    ]
    row = rows(table_of(outcomes))["rnn"]
    assert row.texts[1].startswith("median 6")
    assert row.texts[1].endswith(", 5 of 8 ended")
    assert row.texts[2:6] == ("8", "–", "< 0.001 (rank)", "–")
    assert (bool(row.bold), row.footnotes) == (False, (1,))
    assert row.record["diverged"] == 3


def test_a_cell_with_failed_trials_shows_its_score_and_takes_no_part() -> None:
    outcomes = [
        replace(one, status="failed", metrics={}) if one.cell == "rnn" and one.seed in (2, 5) else one
        for one in scored(lstm=0.8, gru=0.7, rnn=0.9)
    ]
    table = table_of(outcomes)
    row = rows(table)["rnn"]
    assert row.texts[1].startswith("93")
    assert row.texts[2:6] == ("6 of 8", "–", "–", "–")
    assert (bool(row.bold), row.footnotes) == (False, (1,))
    assert rows(table)["lstm"].bold
    assert rows(table)["gru"].record["family"] == "all"


def test_an_exploding_cell_leaves_the_others_readable() -> None:
    outcomes = [outcome("lstm", seed, 0.5 + seed / 1000) for seed in SEEDS]
    outcomes += [outcome("rnn", seed, 10.0 ** (seed + 6)) for seed in SEEDS]
    table = rows(table_of(changed(outcomes, metric=Metric("mse", "min"))))
    assert table["lstm"].texts[1] == "0.5035 ± 0.0020"
    assert table["rnn"].texts[1] == "1.39e12 ± 2.92e12"


def test_a_cell_without_any_spread_is_compared() -> None:
    outcomes = [outcome("lstm", seed, 1.0) for seed in SEEDS] + [outcome("gru", seed, 0.9) for seed in SEEDS]
    table = table_of(outcomes)
    assert rows(table)["lstm"].texts[1] == "100.00 ± 0.00"
    assert rows(table)["gru"].texts[3] == "−10.00 ± 0.00"
    assert rows(table)["gru"].texts[5] == "–"


def test_cells_with_equal_equations_are_one_row() -> None:
    outcomes = scored(lstm=0.8, gru=0.7)
    table = table_of(outcomes + [replace(one, cell="lstm_np") for one in outcomes[:8]], baseline="lstm_np")
    assert [row.texts[0] for row in only(table).rows] == ["lstm = lstm_np", "gru"]
    assert rows(table)["lstm = lstm_np"].texts[3] == "baseline"


def test_one_seed_has_no_interval_and_all_are_bold() -> None:
    table = table_of([outcome("a", 0, 0.9), outcome("b", 0, 0.1)])
    assert [row.texts[1:5] for row in only(table).rows] == [
        ("90.00", "1", "baseline", "–"),
        ("10.00", "1", "−80.00", "n too small"),
    ]
    assert all(row.bold for row in only(table).rows)


def test_too_few_seeds_are_never_called_not_significant() -> None:
    outcomes = [one for one in scored(a=0.8, b=0.5, c=0.6, d=0.1, e=0.2) if one.seed < 3]
    assert list(column(only(table_of(outcomes)), "p (Holm)").values()) == ["–"] + ["n too small"] * 4


def test_simple_methods_stand_below_chance_and_have_only_a_score() -> None:
    outcomes = [replace(o, metrics={**o.metrics, "baseline/repeat-last": 0.75}) for o in scored(a=0.8, b=0.7)]
    last = only(table_of(changed(outcomes, chance=0.5))).rows[2:]
    assert [row.texts[:3] for row in last] == [("chance", "50.0", "–"), ("repeat-last", "75.0", "–")]
    assert not any(row.record or row.bold for row in last)


def test_text_from_elsewhere_cannot_steer_a_terminal() -> None:
    nasty = outcome("a\x1b[2J\nb", 0, 0.5, status="failed", sentence="\x1b]0;title\x07 out of\r memory")
    table = table_of([nasty], question="Why\x1b[2J\n?")
    assert only(table).rows[0].texts[0] == "a [2J b"
    assert only(table).footnotes == (
        "Left out of the comparisons, because not every trial ended: seed 0 failed (]0;title out of memory).",
    )
    assert table.question == "Why [2J ?"
