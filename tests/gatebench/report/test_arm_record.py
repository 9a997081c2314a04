"""The values of a row for programs."""

from dataclasses import replace

import pytest

from gatebench.task import Metric
from tests.gatebench.report.studies import changed, only, rows, scored, table_of


def test_the_record_is_unrounded_and_in_the_metrics_own_unit() -> None:
    outcomes = scored(lstm=0.8, cifg=0.79)
    record = only(table_of(changed(outcomes, chance=0.5))).rows[1].record
    scores = {outcome.seed: outcome.metrics["test/accuracy"] for outcome in outcomes if outcome.cell == "cifg"}
    assert record["mean"] == pytest.approx(sum(scores.values()) / 8, rel=1e-15)
    assert record["scores"] == " ".join(f"{seed}={score!r}" for seed, score in scores.items())
    assert record["best_score"] == max(scores.values())
    assert record["difference_low"] < record["difference_mean"] < record["difference_high"]  # type: ignore[operator]
    assert record["effect_low"] < record["effect_mean"] < record["effect_high"]  # type: ignore[operator]
    assert (record["p"], record["attainable"], record["n"], record["seeds"]) == (record["p_corrected"], True, 8, 8)
    assert (record["cell_digest"], record["chance"], record["baseline"]) == ("cifg-equations", 0.5, "lstm")
    assert (record["test"], record["family"], record["by_rank"]) == ("unpaired", "all", False)


def test_a_late_divergence_keeps_the_figures_of_its_best_checkpoint_in_the_record_only() -> None:
    outcomes = [
        replace(one, status="diverged", metrics={"test/accuracy": 0.93} if one.seed == 2 else {})
        if one.cell == "rnn" and one.seed in (2, 5)
        else one
        for one in scored(lstm=0.8, rnn=0.9)
    ]
    record = rows(table_of(outcomes))["rnn"].record
    assert (record["diverged"], record["diverged_scores"], record["mean"]) == (2, "2=0.93", None)
    assert (record["n"], record["by_rank"], record["difference_mean"]) == (8, True, None)
    assert "2=" not in str(record["scores"])


def test_a_median_that_diverged_is_no_number() -> None:
    outcomes = [replace(one, status="diverged") if one.cell == "rnn" else one for one in scored(lstm=0.8, rnn=0.9)]
    assert rows(table_of(outcomes))["rnn"].record["median"] is None


def test_other_metrics_and_settings_are_in_the_record() -> None:
    outcomes = changed(scored(lstm=0.8, gru=0.7), other_metrics=(Metric("mse", "min"),))
    outcomes = [replace(one, settings={"model.hidden_size": str(len(one.cell))}) for one in outcomes]
    record = only(table_of(outcomes, default_metrics={"sentiment": ["mse"]})).rows[1].record
    assert record["mse_mean"] == record["mean"]
    assert record["settings"] == "model.hidden_size=3"
    assert record["label"] == "gru · model.hidden_size=3"
