"""Which metrics tables show."""

from dataclasses import replace

import pytest

from gatebench.errors import UserError
from gatebench.report.run_metrics import RUN_METRICS
from gatebench.report.shown_metrics import TaskMetrics, check_names, named, task_metrics
from gatebench.task import Metric
from tests.gatebench.report.studies import ACCURACY, changed, outcome, scored

MSE, MAE = Metric("mse", "min"), Metric("mae", "min")
TASKS = {"digits": TaskMetrics(ACCURACY, (), 0.1), "ett": TaskMetrics(MSE, (MAE,), None)}


def test_metrics_and_chance_are_those_of_the_newest_outcome_that_has_them() -> None:
    old, *others = changed(scored(a=0.8), chance=0.25, other_metrics=(MAE,))
    metrics = task_metrics("sentiment", [replace(old, metric=None, chance=0.5), *others])
    assert metrics == TaskMetrics(ACCURACY, (MAE,), 0.25, (RUN_METRICS["seconds"],))
    newest = replace(others[-1], metric=replace(ACCURACY, high=1.0), other_metrics=())
    assert task_metrics("sentiment", [*others, newest]).all == (newest.metric, MAE)


def test_records_without_a_metric_are_refused() -> None:
    with pytest.raises(UserError) as error:
        task_metrics("mnist", [outcome("a", 0, 0.5, metric=None)])
    assert str(error.value) == (
        "The records of the task 'mnist' were made by an earlier version and do not contain its metric; "
        "choose the trials with task=… or experiment=…."
    )


def test_two_headline_metrics_are_refused() -> None:
    with pytest.raises(UserError) as error:
        task_metrics("mnist", [outcome("a", 0, 0.5), outcome("a", 1, 0.5, metric=MSE)])
    assert str(error.value) == (
        "The trials of the task 'mnist' have different headline metrics (accuracy, mse); "
        "a table takes the trials of one experiment."
    )


@pytest.mark.parametrize(
    ("names", "tasks", "sentence"),
    [
        (
            ["acuracy"],
            ["digits"],
            "There is no metric 'acuracy' of task digits; did you mean 'accuracy'? Allowed: accuracy.",
        ),
        (
            ["accuracy", "msa"],
            ["digits", "ett"],
            "There is no metric 'msa' of these tasks; did you mean 'mse'? Allowed: accuracy, mae, mse.",
        ),
        (
            ["mse", "mae"],
            ["digits", "ett"],
            "The task 'digits' has none of the metrics mse, mae; add one of: accuracy.",
        ),
    ],
)
def test_a_metric_that_a_task_lacks_is_refused(names: list[str], tasks: list[str], sentence: str) -> None:
    with pytest.raises(UserError) as error:
        check_names(names, {task: TASKS[task] for task in tasks})
    assert str(error.value) == sentence


def test_each_task_shows_the_named_metrics_that_it_has() -> None:
    check_names(["mae", "accuracy"], TASKS)
    check_names([], TASKS)
    assert named(["mae", "accuracy", "mae"], TASKS["ett"]) == [MAE]
    assert named([], TASKS["ett"]) == []
