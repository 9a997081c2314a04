"""Forecasting of a series: the loss, the scores, and the problem that its tasks share. B batch, H steps, O columns."""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, full_like, nn
from torch.nn import functional

from gatebench.task import Batch, Problem
from tasks.blocks.objectives import LastStep
from tasks.series.simple_forecasts import simple_forecasts
from tasks.series.windows import Windows, part_spans, standardize


def squared_error(forecast: Tensor, batch: Batch) -> Tensor:
    """Return the mean squared error of a forecast (B, H · O) of `batch.y`."""
    return functional.mse_loss(forecast, batch.y)


def sum_errors(forecast: Tensor, batch: Batch) -> dict[str, Tensor]:
    """Return the sums of squared and of absolute errors, and how many values were forecast."""
    errors = (forecast - batch.y).double()
    squared = errors.square().sum()
    return {"squared": squared, "absolute": errors.abs().sum(), "values": full_like(squared, errors.numel())}


def mean_errors(totals: Mapping[str, float]) -> dict[str, float]:
    """Return the mean squared and the mean absolute error of added tallies of `sum_errors`."""
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
    """Return the problem of forecasting the first `outputs` columns of a series (N, I) from windows of all of them.

    ends: the steps after which training, validation and test end. season: in steps, for the seasonal-naive forecast.
    name, columns: of the series, for the sentences.

    Raises:
        UserError: a part is too short for one window, or a column cannot be standardised.
    """
    spans = part_spans(ends, input_length, horizon, name)
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
