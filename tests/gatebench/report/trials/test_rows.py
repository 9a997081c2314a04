from dataclasses import replace

import pytest

from gatebench.errors import UserError
from gatebench.report.trials.rows import trial_rows, with_named_columns
from tests.gatebench.report.studies import outcome


def test_a_trial_is_a_row_with_settings_metrics_and_facts() -> None:
    one = outcome("lstm", 3, 0.8, settings={"model.hidden_size": "64"}, facts={"backend": "fused"}, chance=0.5)
    (row,) = trial_rows([one])
    assert row == {
        "digest": "sentiment-lstm-3",
        "cell": "lstm",
        "cell_digest": "lstm-equations",
        "task": "sentiment",
        "seed": 3,
        "status": "finished",
        "sentence": None,
        "metric": "accuracy",
        "direction": "max",
        "score": 0.8,
        "chance": 0.5,
        "params.model.hidden_size": 64,
        "metrics.parameters": 1234.0,
        "metrics.seconds": 13.0,
        "metrics.test/accuracy": 0.8,
        "metrics.test/mse": 0.8,
        "facts.backend": "fused",
    }


def test_all_rows_have_the_same_columns() -> None:
    failed = replace(outcome("gru", 0, 0.1, status="failed", sentence="Out of memory."), metrics={}, metric=None)
    rows = trial_rows([outcome("lstm", 0, 0.8, settings={"a": "1"}), failed])
    assert list(rows[0]) == list(rows[1])
    gru, lstm = sorted(rows, key=lambda row: str(row["cell"]))
    assert (gru["score"], gru["params.a"], gru["sentence"]) == (None, None, "Out of memory.")
    assert lstm["params.a"] == 1


def test_the_newest_finished_outcome_of_a_trial_counts() -> None:
    failed, first, second = (outcome("lstm", 0, score, status=status) for score, status in OUTCOMES)
    assert [row["score"] for row in trial_rows([first, second, failed])] == [0.2]
    assert [row["status"] for row in trial_rows([failed])] == ["failed"]
    assert [row["score"] for row in trial_rows([failed, first])] == [0.1]


OUTCOMES = (0.0, "failed"), (0.1, "finished"), (0.2, "finished")


def test_rows_are_in_the_order_of_tasks_cells_and_seeds() -> None:
    outcomes = [outcome(cell, seed, 0.5, task) for task in "ba" for seed in (1, 0) for cell in ("gru", "lstm", "mgu")]
    rows = trial_rows(outcomes, ("lstm", "gru"))
    assert [(row["task"], row["cell"], row["seed"]) for row in rows] == [
        (task, cell, seed) for task in "ab" for cell in ("lstm", "gru", "mgu") for seed in (0, 1)
    ]
    assert trial_rows([]) == []


def test_settings_have_the_type_that_all_their_texts_have() -> None:
    texts = {
        "a": ("1", "2"),
        "b": ("1", "2.5"),
        "c": ("True", "False"),
        "d": ("1", "one"),
        "e": ("1e-3", "inf"),
        "f": ("1", "9" * 30),
    }
    rows = trial_rows(
        [outcome("lstm", seed, 0.5, settings={key: own[seed] for key, own in texts.items()}) for seed in (0, 1)]
    )
    values = {key: [row[f"params.{key}"] for row in rows] for key in texts}
    assert values == {
        "a": [1, 2],
        "b": [1.0, 2.5],
        "c": [True, False],
        "d": ["1", "one"],
        "e": [1e-3, float("inf")],
        "f": [1.0, 1e30],
    }
    assert [type(value) for own in values.values() for value in own[:1]] == [int, float, bool, str, float, float]


def test_rows_have_the_named_columns_in_their_order() -> None:
    rows = trial_rows([outcome("lstm", 0, 0.5)])
    assert with_named_columns(rows, ["score", "cell"]) == [{"score": 0.5, "cell": "lstm"}]
    assert with_named_columns(rows, []) == rows
    assert with_named_columns([], []) == []
    with pytest.raises(UserError, match=r"^There is no column 'scor' of these trials; did you mean 'score'\?$"):
        with_named_columns(rows, ["scor"])
    with pytest.raises(UserError, match=r"^There is no column 'ö' of these trials; without columns=, all of them"):
        with_named_columns(rows, ["ö"])
