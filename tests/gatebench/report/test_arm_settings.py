"""The settings in which trials differ."""

from gatebench.report.arm_settings import differing_settings, settings_rank, settings_text
from tests.gatebench.report.studies import outcome


def test_only_settings_of_network_training_and_task_that_differ_are_kept() -> None:
    common = {"task._target_": "digits", "model.num_layers": "1"}
    outcomes = [
        outcome("lstm", 0, 0.5, settings={**common, "model.hidden_size": "64", "cell.name": "lstm", "seed": "0"}),
        outcome("gru", 1, 0.5, settings={**common, "model.hidden_size": "128", "cell.name": "gru", "seed": "1"}),
    ]
    assert differing_settings(outcomes) == [(("model.hidden_size", "64"),), (("model.hidden_size", "128"),)]


def test_a_setting_that_only_some_trials_have_is_none_in_the_others() -> None:
    outcomes = [
        outcome("lstm", 0, 0.5, settings={"model.dropout": "0.1"}),
        outcome("lstm", 1, 0.5, settings={"model.dropout": "0.1", "task.limit": "500"}),
        outcome("lstm", 2, 0.5),
    ]
    assert differing_settings(outcomes) == [(("task.limit", "none"),), (("task.limit", "500"),), ()]


def test_settings_are_sorted_as_numbers_where_they_are_numbers() -> None:
    values = ["128", "64", "1e-3", "0.01", "adam", "sgd"]
    ordered = sorted(values, key=lambda value: settings_rank((("key", value),)))
    assert ordered == ["1e-3", "0.01", "64", "128", "adam", "sgd"]


def test_settings_are_written_as_they_are_typed() -> None:
    assert settings_text((("model.hidden_size", "64"), ("training.max_epochs", "8"))) == (
        "model.hidden_size=64, training.max_epochs=8"
    )
