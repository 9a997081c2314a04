"""Simple forecasts of a series and their errors on all windows of the test part.

The errors are computed from sums over the series, so that the windows need not be kept in memory.
N steps of the series, O columns that are forecast, L steps of input, H of forecast, W = 1 + L + H.
"""

import numpy as np
from numpy.typing import NDArray

from tasks.series.windows import Windows

Array = NDArray[np.float64]

RIDGE = 1e-4
"""The ridge penalty of the linear forecast, relative to the mean square of an input, which is 1."""


def simple_forecasts(train: Windows, test: Windows, season: int | None) -> dict[str, float]:
    """Return the mean squared error of simple forecasts on all test windows, by name.

    "mean" forecasts the mean of the training part.
    "repeat-last" forecasts the last value.
    "seasonal-naive" forecasts the value at the same time of the last season, which may be earlier than the input. It is
    left out if `season` is None or longer than the series before the test part.
    "linear" is a ridge regression of each of the H steps on the L inputs of the same column and a constant. It is
    fitted on all training windows, with the same weights for all columns.
    """
    test_moments = second_moments(test)
    weights = ridge_regression(second_moments(train), train.input_length)
    errors = {
        "mean": linear_error(test_moments, np.zeros_like(weights)),
        "repeat-last": seasonal_naive_error(test, 1),
        "linear": linear_error(test_moments, weights),
    }
    if season is not None and season <= test.first + test.input_length:
        errors["seasonal-naive"] = seasonal_naive_error(test, season)
    return errors


def seasonal_naive_error(windows: Windows, season: int) -> float:
    """Return the mean squared error of the seasonal-naive forecast.

    The forecast is the value a multiple of `season` steps before the target. The multiple is the smallest one for which
    the value is known at the end of the input.
    """
    values = windows.values[:, : windows.outputs].numpy()
    total = 0.0
    for ahead in range(windows.horizon):
        target = windows.first + windows.input_length + ahead
        forecast = target - season * (1 + ahead // season)
        error = values[target : target + windows.count] - values[forecast : forecast + windows.count]
        total += float(np.square(error, dtype=np.float64).sum())
    return total / (windows.horizon * windows.count * windows.outputs)


def second_moments(windows: Windows) -> Array:
    """Return the second moments (W, W) of the windows: the mean of w wᵀ over all windows and their O columns.

    The vector w (W,) of a window and a column is 1, then the L inputs, then the H targets.

    M[i, j] is the sum of v[t + i] · v[t + j] over the starts t of all windows. M[i + 1, j + 1] is the same sum one step
    later: M[i, j] without its first product and with one product more. So each row follows from the row above it, and
    only the first row is computed as a correlation.
    """
    count, length = windows.count, windows.input_length + windows.horizon
    part = slice(windows.first, windows.first + count + length - 1)
    values = windows.values[part, : windows.outputs].numpy().astype(np.float64)
    moments = np.empty((1 + length, 1 + length))
    moments[0, 0] = count * windows.outputs

    totals = np.concatenate([[0.0], values.sum(1).cumsum()])
    moments[0, 1:] = moments[1:, 0] = totals[count:] - totals[:length]

    products = moments[1:, 1:]
    products[0] = products[:, 0] = _lagged_products(values, count, length)
    removed, added = values[: length - 1], values[count:]
    difference = added @ added.T - removed @ removed.T
    for row in range(length - 1):
        products[row + 1, 1:] = products[row, :-1] + difference[row]
    moments /= moments[0, 0]
    return moments


def _lagged_products(values: Array, count: int, lags: int) -> Array:
    """Return the sums (lags,) of v[t] · v[t + lag] over t < count and all columns, by fast Fourier transform."""
    size = 1 << (len(values) - 1).bit_length()
    spectrum = np.zeros(size // 2 + 1, np.complex128)
    for column in values.T:
        spectrum += np.fft.rfft(column[:count], size).conj() * np.fft.rfft(column, size)
    sums: Array = np.fft.irfft(spectrum, size)[:lags]
    return sums


def ridge_regression(moments: Array, inputs: int) -> Array:
    """Return the weights (1 + L, H) of the ridge regression of the targets on a constant and the inputs.

    The constant is not penalised. The penalty also makes the equations solvable if inputs are equal.
    """
    known = 1 + inputs
    gram = moments[:known, :known] + RIDGE * np.diag([0.0] + [1.0] * inputs)
    return np.linalg.solve(gram, moments[:known, known:]).astype(np.float64)


def linear_error(moments: Array, weights: Array) -> float:
    """Return the mean squared error of a linear forecast with weights (1 + L, H), from the windows' second moments."""
    residual = np.concatenate([-weights, np.eye(weights.shape[1])])
    return float((residual * (moments @ residual)).sum() / weights.shape[1])
