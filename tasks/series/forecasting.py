"""The loss, the scores and the problem of a forecasting task. B batch, H steps of forecast, O columns forecast."""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, full_like, nn
from torch.nn import functional

from gatebench.task import Batch, Problem
from tasks.blocks.objectives import LastStep
from tasks.series.simple_forecasts import simple_forecasts
from tasks.series.windows import Windows, standardize, window_spans


def squared_error(forecast: Tensor, batch: Batch) -> Tensor:
    """Return the mean squared error of a forecast (B, H · O) of `batch.y`."""
    return functional.mse_loss(forecast, batch.y)


def sum_errors(forecast: Tensor, batch: Batch) -> dict[str, Tensor]:
    """Return the sum of the squared errors, the sum of the absolute errors and the number of values, in float64."""
    errors = (forecast - batch.y).double()
    squared = errors.square().sum()
    return {"squared": squared, "absolute": errors.abs().sum(), "values": full_like(squared, errors.numel())}


def mean_errors(totals: Mapping[str, float]) -> dict[str, float]:
    """Return the mean squared and the mean absolute error from the results of `sum_errors`, added over batches."""
    return {"mse": totals["squared"] / totals["values"], "mae": totals["absolute"] / totals["values"]}


def forecasting_problem(
    values: NDArray[np.float64],
    columns: Sequence[str],
    name: str,
    *,
    outputs: int,
    ends: Sequence[int],
    input_length: int,
    horizon: int,
    season: int | None,
    subtract_last: bool,
) -> Problem:
    """Return the problem of forecasting some columns of a series from windows of all columns.

    Args:
        values: (N, I) the series.
        columns: (I,) the names of the columns, for messages.
        name: the name of the series, for messages.
        outputs: O. The first O columns are forecast.
        ends: the steps after which training, validation and test end.
        input_length: L, the number of input steps.
        horizon: H, the number of steps to forecast.
        season: the number of steps of a season, for the seasonal-naive forecast; None if there is no season.
        subtract_last: as in `Windows`.

    Raises:
        UserError: a part is too short for one window, or a column cannot be standardised.
    """
    spans = window_spans(ends, input_length, horizon, name)
    scaled = standardize(values, ends[0], columns, name)
    train, val, test = (
        Windows(scaled, outputs, input_length, horizon, first, count, subtract_last) for first, count in spans
    )
    return Problem(
        train,
        val,
        test,
        input_size=len(columns),
        steps=input_length,
        encoder=nn.Identity(),
        head=partial(LastStep, classes=horizon * outputs),
        loss=squared_error,
        tally=sum_errors,
        scores=mean_errors,
        baselines=partial(simple_forecasts, train, test, season),
    )
