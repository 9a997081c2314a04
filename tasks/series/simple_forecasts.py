"""Simple forecasts of a series, scored on all windows of its test part without one of them being built.

N steps of the series, O columns that are forecast, L steps of input, H of forecast, W = 1 + L + H.
"""

import numpy as np
from numpy.typing import NDArray

from tasks.series.windows import Windows

Array = NDArray[np.float64]
RIDGE = 1e-4  # beside the mean square of an input, which is 1: inputs that are alike do not make the map infinite


def simple_forecasts(train: Windows, test: Windows, season: int | None) -> dict[str, float]:
    """Return the mean squared error on all test windows of forecasts that need no training by gradients.

    "mean": the training part's mean. "repeat-last": the last value. "seasonal-naive": the value of the same time in the
    last season, which may lie before the input; there is none where `season` is None or longer than what is before the
    test part. "linear": for each of the H steps a linear map, with a constant, of the L inputs of the column itself,
    the same map for all columns, by least squares on all training windows.
    """
    moments = second_moments(test)
    fitted = least_squares(second_moments(train), train.input_length)
    errors = {
        "mean": mean_squared_error(moments, np.zeros_like(fitted)),
        "repeat-last": seasonal_error(test, 1),
        "linear": mean_squared_error(moments, fitted),
    }
    if season is not None and season <= test.first + test.input_length:
        errors["seasonal-naive"] = seasonal_error(test, season)
    return errors


def seasonal_error(windows: Windows, season: int) -> float:
    """Return the mean squared error of repeating what was last seen `season` steps, or a multiple of them, before."""
    values = windows.values[:, : windows.outputs].numpy()
    total = 0.0
    for ahead in range(windows.horizon):
        begin = windows.first + windows.input_length + ahead
        before = begin - season * (1 + ahead // season)
        change = values[begin : begin + windows.count] - values[before : before + windows.count]
        total += float(np.square(change, dtype=np.float64).sum())
    return total / (windows.horizon * windows.count * windows.outputs)


def second_moments(windows: Windows) -> Array:
    """Return the mean of w wᵀ (W, W) over all windows and their O columns; w is 1, the L inputs and the H targets.

    One row follows from the row above it: its windows are those of that row a step later, so that one product enters
    the sum at the end and one leaves it at the beginning. The first row is a correlation.
    """
    count, length = windows.count, windows.input_length + windows.horizon
    part = slice(windows.first, windows.first + count + length - 1)
    values = windows.values[part, : windows.outputs].numpy().astype(np.float64)
    moments = np.empty((1 + length, 1 + length))
    moments[0, 0] = count * windows.outputs
    totals = np.concatenate([[0.0], values.sum(1).cumsum()])
    moments[0, 1:] = moments[1:, 0] = totals[count:] - totals[:length]
    inner = moments[1:, 1:]
    inner[0] = inner[:, 0] = _correlation(values, count, length)
    leaving, entering = values[: length - 1], values[count:]
    difference = entering @ entering.T - leaving @ leaving.T
    for row in range(length - 1):
        inner[row + 1, 1:] = inner[row, :-1] + difference[row]
    moments /= moments[0, 0]
    return moments


def _correlation(values: Array, count: int, lags: int) -> Array:
    """Return the sums over t < count and the columns of v[t] · v[t + lag], for each lag."""
    size = 1 << (len(values) - 1).bit_length()
    spectrum = np.zeros(size // 2 + 1, np.complex128)
    for column in values.T:
        spectrum += np.fft.rfft(column[:count], size).conj() * np.fft.rfft(column, size)
    sums: Array = np.fft.irfft(spectrum, size)[:lags]
    return sums


def least_squares(moments: Array, inputs: int) -> Array:
    """Return the map (1 + L, H) of least squared error on the windows with these moments, shrunk by a hair."""
    known = 1 + inputs
    gram = moments[:known, :known] + RIDGE * np.diag([0.0] + [1.0] * inputs)
    return np.linalg.solve(gram, moments[:known, known:]).astype(np.float64)


def mean_squared_error(moments: Array, weights: Array) -> float:
    """Return the error of a map (1 + L, H) on the windows with these moments."""
    residual = np.concatenate([-weights, np.eye(weights.shape[1])])
    return float((residual * (moments @ residual)).sum() / weights.shape[1])
