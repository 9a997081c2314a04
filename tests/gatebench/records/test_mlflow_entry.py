import json
from dataclasses import replace
from math import inf
from typing import get_args

import pytest
import yaml

from gatebench.errors import UserError
from gatebench.outcome import Outcome, Status
from gatebench.records import mlflow_entry
from gatebench.task import Metric
from tests.launch.trials import outcome, trial

ABLATED = replace(trial(), cell={"name": "lstm", "base": "lstm", "ablate": {"i": {"fix": 1}}})


def there_and_back(written: Outcome) -> Outcome:
    tags = mlflow_entry.opening_tags(trial(), "host:/home") | mlflow_entry.closing_tags(written)
    return mlflow_entry.read_outcome(
        mlflow_entry.STATES[written.status],
        tags,
        mlflow_entry.final_metrics(written.metrics),
        mlflow_entry.params(trial()),
    )


def test_an_outcome_survives_the_records() -> None:
    metrics = {"test/accuracy": 0.9, "best/val/accuracy": 0.95, "gate/l0/f/mean": 0.7, "parameters": 12.0, "x": inf}
    written = outcome(trial(), metrics=metrics, facts={"backend": "native", "data/digits.csv.gz": "ab12"})
    assert there_and_back(written) == written


def test_failures_survive_the_records_with_their_sentence() -> None:
    for status in ("diverged", "refused", "failed", "interrupted"):
        written = outcome(trial(), status)
        assert there_and_back(written) == written


def test_every_status_has_a_state() -> None:
    assert set(mlflow_entry.STATES) == set(get_args(Status))


def test_the_metric_and_the_chance_are_tags_and_an_empty_unit_is_none() -> None:
    tags = mlflow_entry.opening_tags(trial(), "host:/home")
    assert (tags["metric"], tags["metric_direction"], tags["chance"]) == ("accuracy", "max", "0.1")
    assert "metric_unit" not in tags
    read = mlflow_entry.read_outcome("FINISHED", tags, {}, {})
    assert (read.metric, read.chance, read.facts) == (Metric("accuracy", "max"), 0.1, {})


def test_all_metrics_keep_their_bounds() -> None:
    stream = trial(task={"_target_": "tasks.images.continual.Continual"})
    read = mlflow_entry.read_outcome("FINISHED", mlflow_entry.opening_tags(stream, "host:/home"), {}, {})
    assert read.metric is not None
    bounds = {metric.name: (metric.low, metric.high) for metric in (read.metric, *read.other_metrics)}
    assert bounds == {"average_accuracy": (0, 1), "backward_transfer": (-1, 1), "forgetting": (-1, 1)}
    assert read.table_metrics == ("average_accuracy", "forgetting")


def test_records_of_earlier_versions_have_no_metric() -> None:
    tags = {"mlflow.source.name": "gatebench", "digest": "d", "cell_digest": "c", "home": "host:/home"}
    assert mlflow_entry.is_trial_run(tags)
    read = mlflow_entry.read_outcome("FINISHED", tags, {}, {})
    assert (read.metric, read.chance) == (None, None)


def test_a_run_of_something_else_is_no_trial() -> None:
    assert not mlflow_entry.is_trial_run({"mlflow.source.name": "notebook.py", "digest": "of a data set"})
    assert not mlflow_entry.is_trial_run({"mlflow.source.name": "train.py", "digest": "d", "cell_digest": "c"})
    assert mlflow_entry.is_trial_run(mlflow_entry.opening_tags(trial(), "host:/home"))


def test_figures_of_epochs_are_not_taken_for_final_ones() -> None:
    metrics = {"train/loss": 0.1, "val/accuracy": 0.5, "gate/l0/f/mean": 0.3, "best/gate/l0/f/mean": 0.6}
    assert mlflow_entry.read_outcome("FINISHED", {"status": "finished"}, metrics, {}).metrics == {"gate/l0/f/mean": 0.6}


def test_a_run_without_a_status_is_one_that_was_cut_off() -> None:
    assert mlflow_entry.read_outcome("KILLED", {"digest": "d"}, {}, {}).status == "interrupted"
    assert mlflow_entry.read_outcome("FAILED", {"status": "nonsense"}, {}, {}).status == "failed"


def test_infinite_metrics_are_tags_and_no_metrics() -> None:
    many = {f"gate/l{layer}/keep/f/tau/p90": inf if layer % 2 else -inf for layer in range(60)}
    written = outcome(trial(), metrics={**many, "test/accuracy": 0.5})
    assert mlflow_entry.final_metrics(written.metrics) == {"test/accuracy": 0.5}
    tags = mlflow_entry.closing_tags(written)
    assert json.loads(tags["infinite_metrics"])["gate/l1/keep/f/tau/p90"] == "inf"
    assert max(map(len, tags.values())) < 2000
    assert there_and_back(written) == written


def test_infinite_values_are_no_points_of_curves() -> None:
    assert mlflow_entry.epoch_metrics({"gate/l0/keep/f/tau/p90": inf, "a": -inf, "b": 1.0}) == {"b": 1.0}


@pytest.mark.parametrize(
    "changed",
    [
        {"seed": "none"},
        {"chance": "a third"},
        {"metrics": "no JSON"},
        {"metrics": "[1]"},
        {"metrics": "[" * 100_000},
        {"infinite_metrics": "[]"},
        {"infinite_metrics": '{"a":' * 100_000},
        {"infinite_metrics": '{"a": "many"}'},
    ],
)
def test_a_tag_that_somebody_has_changed_is_named(changed: dict[str, str]) -> None:
    tags = mlflow_entry.opening_tags(trial(), "host:/home") | changed
    with pytest.raises(UserError, match=f"{trial().digest}.* has a tag that cannot be read") as caught:
        mlflow_entry.read_outcome("FINISHED", tags, {}, {})
    assert "\n" not in str(caught.value)


def test_a_metric_of_a_later_version_is_read() -> None:
    tags = {"metrics": '[{"name": "error", "direction": "min", "colour": "red", "low": 0}]'}
    metric = mlflow_entry.read_outcome("FINISHED", tags, {}, {}).metric
    assert metric == Metric("error", "min")
    assert metric is not None
    assert (metric.low, metric.high) == (0, None)


def test_infinity_comes_back_from_the_largest_number() -> None:
    assert mlflow_entry.read_outcome(
        "FINISHED", {}, {"a": 1.7976931348623157e308, "b": -1.7976931348623157e308}, {}
    ).metrics == {
        "a": inf,
        "b": -inf,
    }


def test_parameters_are_flat_and_leave_out_what_is_not_set() -> None:
    params = mlflow_entry.params(ABLATED)
    assert params["cell.ablate.i.fix"] == "1"
    assert params["model.hidden_size"] == "4"
    assert params["seed"] == "0"
    assert "cell.ablate" in mlflow_entry.params(trial()) or "cell.ablate.i.fix" not in mlflow_entry.params(trial())
    assert all(isinstance(value, str) and value for value in params.values())


def test_the_name_and_the_tags_tell_trials_apart() -> None:
    assert mlflow_entry.run_name(ABLATED) == "lstm[i=1] · digits · seed 0"
    tags = mlflow_entry.opening_tags(ABLATED, "host:/home")
    assert tags["cell"] == "lstm[i=1]"
    assert tags["digest"] == ABLATED.digest
    assert "i = 1" in tags["mlflow.note.content"]


def test_a_traceback_is_no_tag() -> None:
    tags = mlflow_entry.closing_tags(
        outcome(trial(), "failed", facts={mlflow_entry.TRACEBACK: "Traceback…", "host": "h"})
    )
    assert tags == {"host": "h", "status": "failed", "sentence": "So it was."}


def test_the_files_say_what_ran() -> None:
    files = mlflow_entry.files(ABLATED)
    assert yaml.safe_load(files["config.yaml"]) == ABLATED.to_dict()
    assert "i = 1" in files["equations.txt"]
    assert files["equations.tex"].startswith("\\begin{aligned}")


def test_an_architecture_is_no_cell_and_has_no_equations() -> None:
    attention = replace(ABLATED, cell={"name": "attention", "base": "attention"})
    assert list(mlflow_entry.files(attention)) == ["config.yaml"]
    tags = mlflow_entry.opening_tags(attention)
    assert tags["cell"] == "attention"
    assert "Not a cell: an architecture without gates. Vaswani" in tags["mlflow.note.content"]
