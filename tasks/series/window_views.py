"""Windows of a series as examples: those of the test part, and the end of a user's CSV file."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from gatebench.errors import UserError
from gatebench.own_input import OwnInput
from gatebench.task import Batch, Example, Problem, batch_of_one
from gatebench.views import Curves
from tasks.series.csv_series import CsvFormat, read_csv
from tasks.series.windows import training_scale


def window_example(problem: Problem, number: int, columns: Sequence[str]) -> Example:
    """Return a test window with the names of its columns. Its values are standardised, as the network reads them."""
    batch = batch_of_one(problem.test, number)
    return Example(batch, Curves(batch.inputs, tuple(columns)))


def own_window(
    given: OwnInput,
    training: NDArray[np.float64],
    columns: Sequence[str],
    *,
    input_length: int,
    subtract_last: bool,
    separator: str = ",",
    encoding: str = "utf-8",
) -> Example:
    """Return the last steps of a user's CSV file, standardised by the training part of the task.

    Args:
        given: a CSV file whose first line names its columns. It may have other columns, too.
        training: (N, I) the training part of the task's series, not standardised.
        columns: (I,) the names of the columns.
        input_length: T.
        subtract_last: as in `Windows`.
        separator: the character between two cells.
        encoding: "utf-8" or "latin-1".

    Raises:
        UserError: there is no file, it cannot be read, a column is missing, it is too short, or a value is missing.
    """
    file = given.given_file()
    rows = read_csv(file, CsvFormat(columns[0], list(columns[1:]), None, None, separator, encoding))
    values = rows.values[-input_length:]
    if len(values) < input_length:
        raise UserError(f"{file} has {len(values)} rows; the network reads {input_length}.")
    if not np.isfinite(values).all():
        raise UserError(f"{file} has missing values in its last {input_length} rows.")
    mean, scale = training_scale(training)
    scaled = ((values - mean) / scale).astype(np.float32)
    x = torch.from_numpy(scaled - scaled[-1:] if subtract_last else scaled)
    notes = (f"The network reads the last {input_length} of the {len(rows.values):,} rows.",)
    return Example(Batch(x[:, None], torch.zeros(1)), Curves(x.numpy(), tuple(columns)), notes=notes)
