from math import isnan, nan
from pathlib import Path

import pytest
from mlflow.entities import Metric

from gatebench.errors import UserError
from gatebench.records.exchange.epoch_points import epoch_points
from gatebench.records.home import Home
from tests.gatebench.records.writing_record import WritingRecord as Record
from tests.launch.trials import outcome, trial


def test_the_points_are_those_that_mlflow_returns(tmp_path: Path) -> None:
    record = Record(Home(tmp_path), "mine")
    record.end(trial(), outcome(trial()))
    (run,) = [run.info.run_id for run in record.client.search_runs([record.experiment_id])]
    points = [("val/b", 1, 0.25, 7), ("val/a", 0, 0.5, 5), ("val/a", 1, nan, 6), ("val/a", 0, 0.75, 6)]
    metrics = [Metric(name, value, when, step) for name, step, value, when in points]
    record.client.log_batch(run, metrics=metrics)
    found = [point for point in epoch_points(record.home.database, run) if point[0].startswith("val/")]
    assert [(name, step, when) for name, step, _, when in found] == [
        ("val/a", 0, 5),
        ("val/a", 0, 6),
        ("val/a", 1, 6),
        ("val/b", 1, 7),
    ]
    assert [value for _, _, value, _ in found if not isnan(value)] == [0.5, 0.75, 0.25]
    history = record.client.get_metric_history(run, "val/a")
    assert sorted((point.step, point.timestamp) for point in history) == [(0, 5), (0, 6), (1, 6)]


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_bytes(b"no database" * 1000)
    with pytest.raises(UserError, match="file is not a database"):
        epoch_points(tmp_path / "mlflow.db", "a")
