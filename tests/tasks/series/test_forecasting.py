import numpy as np
import pytest
import torch

from gatebench.errors import UserError
from gatebench.task import Batch, Problem
from tasks.series.forecasting import forecasting_problem, mean_errors, squared_error, sum_errors
from tests.tasks.series.small_series import periodic


def problem(subtract_last: bool, columns: int = 3) -> Problem:
    names = ("a", "b", "c")[:columns]
    return forecasting_problem(
        periodic(400, columns, 24),
        names,
        "x.csv",
        outputs=2,
        ends=(250, 300, 400),
        input_length=30,
        horizon=5,
        season=24,
        subtract_last=subtract_last,
    )


def test_errors_over_unequal_batches_are_exact() -> None:
    y = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    forecast = torch.tensor([[1.0, 4.0], [3.0, 4.0], [2.0, 6.0]])
    totals = {"squared": 0.0, "absolute": 0.0, "values": 0.0}
    for part in (slice(0, 2), slice(2, 3)):
        for name, value in sum_errors(forecast[part], Batch(torch.empty(0), y[part])).items():
            totals[name] += value.item()
    assert totals == {"squared": 13, "absolute": 5, "values": 6}
    assert mean_errors(totals) == {"mse": 13 / 6, "mae": 5 / 6}
    assert squared_error(forecast, Batch(torch.empty(0), y)).item() == pytest.approx(13 / 6)


def test_long_sums_are_exact() -> None:
    """In float32 the sum would be wrong in the fourth digit."""
    count = 200_000
    totals = sum_errors(torch.full((count, 1), 0.1), Batch(torch.empty(0), torch.zeros(count, 1)))
    assert totals["squared"].item() == pytest.approx(0.01 * count, rel=1e-6)
    assert totals["squared"].dtype == torch.float64


def test_head_forecasts_all_steps_of_all_outputs() -> None:
    one = problem(True)
    batch = one.train.batch(torch.arange(4))
    assert (one.input_size, one.steps) == (3, 30)
    assert one.head(8, 2)(torch.randn(30, 4, 16), None).shape == batch.y.shape == (4, 10)


@pytest.mark.parametrize("subtract_last", [True, False])
def test_a_forecast_of_zero_equals_a_baseline(subtract_last: bool) -> None:
    one = problem(subtract_last)
    batch = one.test.batch(torch.arange(len(one.test)))
    totals = one.tally(torch.zeros_like(batch.y), batch)
    error = one.scores({name: value.item() for name, value in totals.items()})["mse"]
    assert error == pytest.approx(one.baselines()["repeat-last" if subtract_last else "mean"], rel=1e-6)


def test_baselines_do_not_depend_on_subtract_last() -> None:
    assert problem(True).baselines() == problem(False).baselines()


def test_chance_is_the_training_parts_own_error() -> None:
    """It is 1 up to the steps at both ends of the part, which fewer windows contain."""
    train = problem(False).train
    assert train.batch(torch.arange(len(train))).y.square().mean().item() == pytest.approx(1, abs=0.05)


def test_baselines_of_a_periodic_series_are_ordered() -> None:
    found = problem(True).baselines()
    assert found["linear"] < found["seasonal-naive"] < found["repeat-last"] < found["mean"]


def test_a_short_series_is_refused_before_anything_is_computed() -> None:
    with pytest.raises(UserError, match="is too short"):
        forecasting_problem(
            np.zeros((3, 1)),
            ("a",),
            "x.csv",
            outputs=1,
            ends=(2, 3, 3),
            input_length=1,
            horizon=1,
            season=None,
            subtract_last=True,
        )
