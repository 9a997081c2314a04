import tracemalloc

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.series.simple_forecasts import RIDGE, simple_forecasts
from tasks.series.windows import Windows, window_spans


def parts(columns: int, outputs: int, inputs: int, horizon: int, seed: int = 0) -> tuple[Windows, Windows]:
    """A random walk's training and test windows."""
    values = torch.randn(90, columns, generator=torch.Generator().manual_seed(seed)).cumsum(0)
    train, _, test = (
        Windows(values, outputs, inputs, horizon, *span) for span in window_spans((50, 65, 90), inputs, horizon, "walk")
    )
    return train, test


def unrolled(windows: Windows) -> tuple[np.ndarray, np.ndarray]:
    """The inputs of all windows (n · O, L) and their targets (n · O, H), column by column."""
    batch = windows.batch(torch.arange(len(windows)))
    past = batch.x[:, :, : windows.outputs].permute(1, 2, 0).flatten(0, 1)
    future = batch.y.view(len(windows), windows.horizon, windows.outputs).transpose(1, 2).flatten(0, 1)
    return past.double().numpy(), future.double().numpy()


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 3), st.integers(1, 9), st.integers(1, 11), st.integers(1, 20), st.integers(0, 99))
def test_errors_equal_those_over_all_windows(outputs: int, inputs: int, horizon: int, season: int, seed: int) -> None:
    train, test = parts(3, outputs, inputs, horizon, seed)
    past, future = unrolled(test)
    found = simple_forecasts(train, test, season)

    def error(forecast: np.ndarray | float) -> float:
        return float(np.square(forecast - future).mean())

    assert found["mean"] == pytest.approx(error(0.0), rel=1e-9)
    assert found["repeat-last"] == pytest.approx(error(past[:, -1:]), rel=1e-6)
    assert found["seasonal-naive"] == pytest.approx(error(seasonal_naive(test, season)), rel=1e-6)
    x, y = (np.concatenate([np.ones((len(a), 1)), a], 1) for a in (unrolled(train)[0], past))
    penalty = RIDGE * len(x) * np.diag([0.0] + [1.0] * inputs)
    weights = np.linalg.solve(x.T @ x + penalty, x.T @ unrolled(train)[1])
    assert found["linear"] == pytest.approx(error(y @ weights), rel=1e-6)


def seasonal_naive(windows: Windows, season: int) -> np.ndarray:
    """The value a multiple of the season before each target that is known at the end of the input."""
    rows = []
    for index in range(len(windows)):
        known = windows.first + index + windows.input_length
        for column in range(windows.outputs):
            steps = range(known, known + windows.horizon)
            places = [next(p for p in range(step, -1, -season) if p < known) for step in steps]
            rows.append(windows.values[places, column].double().numpy())
    return np.array(rows)


def test_the_last_season_may_be_earlier_than_the_input() -> None:
    values = torch.arange(12.0).repeat(10)[:, None]
    train, _, test = (Windows(values, 1, 4, 30, *span) for span in window_spans((50, 80, 120), 4, 30, "saw"))
    found = simple_forecasts(train, test, 12)
    assert found["seasonal-naive"] == 0
    assert found["linear"] > 1e-3  # four steps do not show when the next drop of the sawtooth comes


@pytest.mark.parametrize("season", [None, 66])
def test_there_is_no_seasonal_forecast_without_a_season(season: int | None) -> None:
    found = simple_forecasts(*parts(2, 2, 5, 4), season)
    assert sorted(found) == ["linear", "mean", "repeat-last"]
    assert "seasonal-naive" in simple_forecasts(*parts(2, 2, 5, 4), 65)


def test_equal_inputs_do_not_make_the_regression_singular() -> None:
    values = torch.ones(120, 1)
    values[::2] = -1
    train, _, test = (Windows(values, 1, 8, 3, *span) for span in window_spans((50, 80, 120), 8, 3, "flip"))
    assert simple_forecasts(train, test, 2)["linear"] == pytest.approx(0, abs=1e-6)


def test_the_windows_are_not_kept_in_memory() -> None:
    values = torch.randn(60_000, 2, generator=torch.Generator().manual_seed(0))
    train, _, test = (Windows(values, 2, 96, 96, *s) for s in window_spans((40_000, 50_000, 60_000), 96, 96, "x"))
    tracemalloc.start()
    simple_forecasts(train, test, 24)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20e6  # the windows are 123 MB
