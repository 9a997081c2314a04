"""Electricity transformer temperature: two transformers, measured every hour and every 15 minutes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gatebench.own_input import OwnInput
from gatebench.task import Example, Metric, Problem, Size, Task
from tasks.blocks.validation import check_choice, check_flag, check_whole
from tasks.series.published_series import PublishedSeries

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SOURCE_URL = "https://raw.githubusercontent.com/zhouhaoyi/ETDataset/main/ETT-small/"
FOLDERS = ("ett", "ETT-small", "ett/ETT-small", "ETDataset/ETT-small", "ETDataset-main/ETT-small", ".")
FILES = {
    name: PublishedSeries("ett", f"{name}.csv", sha256, size, "ETT-small.zip", FOLDERS, SOURCE_URL, columns=7)
    for name, sha256, size in (
        ("ETTh1", "f18de3ad269cef59bb07b5438d79bb3042d3be49bdeecf01c1cd6d29695ee066", 2_589_657),
        ("ETTh2", "a3dc2c597b9218c7ce1cd55eb77b283fd459a1d09d753063f944967dd6b9218b", 2_417_960),
        ("ETTm1", "6ce1759b1a18e3328421d5d75fadcb316c449fcd7cec32820c8dafda71986c9e", 10_360_719),
        ("ETTm2", "db973ca252c6410a30d0469b13d696cf919648d0f3fd588c60f03fdbdbadd1fd", 9_677_236),
    )
}
STEPS_PER_DAY = {"ETTh1": 24, "ETTh2": 24, "ETTm1": 96, "ETTm2": 96}
DAYS = (360, 480, 600)
"""The days after which training, validation and test end: 12, 4 and 4 months of 30 days."""

FEATURES = ("M", "S")
COLUMNS: tuple[str, ...] = ("HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT")  # six loads and the oil temperature


@dataclass(frozen=True)
class Ett(Task):
    """Forecast the loads and the oil temperature of a transformer from the hours before.

    Attributes:
        dataset: "ETTh1" or "ETTh2", hourly; "ETTm1" or "ETTm2", every 15 minutes.
        features: "M": all seven columns from all seven; "S": the oil temperature OT from itself.
        input_length: T, the number of input steps.
        horizon: the number of steps to forecast.
        subtract_last: whether the last input of each column is subtracted from its inputs and targets, so that the
            change from it is forecast. This does not change the errors.
    """

    title = "Electricity transformer temperature"
    metrics = (
        Metric("mse", "min", low=0),
        Metric("mae", "min", low=0),
    )
    chance = 1.0  # the training part's mean on the training part; its error on the test part is the baseline "mean"
    protocol = (
        "Zhou et al. 2021 (Informer), with the borders of its code: 12, 4 and 4 months of 30 days for training, "
        "validation and test; the rest is not used. The inputs of validation and test windows may contain steps of the "
        "part before. The series and its errors are standardised by the mean and the standard deviation of the "
        "training part. All windows are used, one step apart. Departures: the last incomplete batch is scored, which "
        "published code drops; no calendar features; with subtract_last, the default, the network reads and forecasts "
        "changes from the last value, as NLinear does (Zeng et al. 2023) and published LSTM rows do not."
    )
    licence = "CC BY-ND 4.0"

    dataset: str = "ETTh1"
    features: str = "M"
    input_length: int = 96
    horizon: int = 24
    subtract_last: bool = True

    def __post_init__(self) -> None:
        check_choice("dataset", self.dataset, FILES)
        check_choice("features", self.features, FEATURES)
        check_whole("input_length", self.input_length, 1, 2000)
        check_whole("horizon", self.horizon, 1, 720)
        check_flag("subtract_last", self.subtract_last)

    def checksums(self) -> Mapping[str, str]:
        """Return the checksum of the CSV file. It is the same if the file is in a zip archive."""
        return {FILES[self.dataset].file: FILES[self.dataset].sha256}

    def size(self) -> Size:
        """Return the number of training windows, the input length and the number of columns."""
        windows = self._ends[0] - self.input_length - self.horizon + 1
        return Size(windows, self.input_length, len(COLUMNS) if self.features == "M" else 1)

    def check_files(self, root: Path, cache: Path | None = None) -> None:  # noqa: ARG002  (nothing is cached)
        """Check that the CSV file or its zip archive exists."""
        FILES[self.dataset].path(root)

    def load(self, root: Path, cache: Path | None = None) -> Problem:  # noqa: ARG002  (nothing needs a cache)
        """Read the CSV file, alone or in its zip archive, from one of the `FOLDERS`."""
        from tasks.series.forecasting import forecasting_problem

        return forecasting_problem(
            self._values(root)[: self._ends[-1]],
            self._columns,
            self.dataset,
            outputs=len(self._columns),
            ends=self._ends,
            input_length=self.input_length,
            horizon=self.horizon,
            season=STEPS_PER_DAY[self.dataset],
            subtract_last=self.subtract_last,
        )

    @property
    def _ends(self) -> tuple[int, ...]:
        """The steps after which training, validation and test end."""
        return tuple(days * STEPS_PER_DAY[self.dataset] for days in DAYS)

    def example(self, problem: Problem, number: int, root: Path, cache: Path | None = None) -> Example:  # noqa: ARG002
        """Return a test window with the names of its columns."""
        from tasks.series.window_views import window_example

        return window_example(problem, number, self._columns)

    def own_example(self, problem: Problem, given: OwnInput, root: Path, cache: Path | None = None) -> Example:  # noqa: ARG002
        """Return the end of a user's CSV file with the same columns."""
        from tasks.series.window_views import own_window

        training = self._values(root)[: self._ends[0]]
        return own_window(
            given, training, self._columns, input_length=self.input_length, subtract_last=self.subtract_last
        )

    @property
    def _columns(self) -> tuple[str, ...]:
        """The names of the columns that are read."""
        return COLUMNS if self.features == "M" else COLUMNS[-1:]

    def _values(self, root: Path) -> NDArray[np.float64]:
        """Return the columns (N, I) that are read."""
        return FILES[self.dataset].read(root)[:, -len(self._columns) :]
