"""Settings that may differ between the trials of an arm: their keys, the numbers of the trials, and their texts."""

from dataclasses import replace

import pytest

from gatebench.errors import UserError
from gatebench.report.varied_settings import (
    check_vary,
    differing_keys,
    matching_keys,
    trial_numbers,
    unrepeated_keys,
    values_text,
    varied_texts,
    varied_values,
)
from tests.gatebench.report.studies import SEARCH, outcome, searched

OUTCOMES = searched({"lstm": 0.5, "gru": 0.6})


def test_a_name_stands_for_the_keys_below_it_and_no_others() -> None:
    assert matching_keys(["model"], OUTCOMES) == {"model.hidden_size"}
    assert matching_keys(["model.hidden", "train", "seed", "cell"], OUTCOMES) == frozenset()
    check_vary(["training", "model.hidden_size"], OUTCOMES)
    with pytest.raises(UserError, match=r"no setting 'model\.hidden_sise'.*'model\.hidden_size'"):
        check_vary(["model.hidden_sise"], OUTCOMES)


def test_only_keys_that_differ_vary() -> None:
    same = [replace(one, settings={**one.settings, "training.optimizer": "adam"}) for one in OUTCOMES]
    keys = matching_keys(["model", "training"], same)
    assert differing_keys(same, keys) == ("model.hidden_size", "training.learning_rate")
    assert differing_keys(OUTCOMES[:1], keys) == ()


def test_a_draw_has_the_same_number_in_all_cells() -> None:
    values = varied_values(OUTCOMES, SEARCH)
    assert trial_numbers([one.seed for one in OUTCOMES], values) == [*range(10), *range(10)]
    repeated = searched({"lstm": 0.5, "gru": 0.6}, draws=3, seeds=(0, 1))
    numbers = trial_numbers([one.seed for one in repeated], varied_values(repeated, SEARCH))
    assert numbers == [0, 3, 1, 4, 2, 5] * 2


def test_rows_of_one_trial_each_are_noticed() -> None:
    assert unrepeated_keys(OUTCOMES, ()) == ("model.hidden_size", "training.learning_rate")
    assert unrepeated_keys(OUTCOMES, ("model.hidden_size",)) == ("training.learning_rate",)
    assert unrepeated_keys(OUTCOMES, SEARCH) == ()
    assert unrepeated_keys(searched({"lstm": 0.5}, seeds=(0, 1)), ()) == ()
    assert unrepeated_keys([outcome("lstm", 0, 0.5), outcome("gru", 0, 0.5)], ()) == ()


def test_values_are_listed_or_shown_as_a_range() -> None:
    assert values_text(["0.1", "1e-05", "0.01", "0.1"]) == "1e-05, 0.01, 0.1"
    assert values_text(["1", "20", "3", "0.5", "1e-3"]) == "1e-3 to 20"
    assert values_text(["a", "b", "c", "d", "e", "none"]) == "a, b, c, d, e, none"
    assert varied_texts(OUTCOMES, SEARCH, {"model.hidden_size": "int(interval(20, 200))"}) == [
        "model.hidden_size 20 to 83 (drawn from int(interval(20, 200)))",
        "training.learning_rate 0.001 to 0.010",
    ]
