"""A year of weather in Jena, every ten minutes."""

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

SOURCE_URL = "https://github.com/thuml/Autoformer"
"""The publisher of this file. The measurements are from https://www.bgc-jena.mpg.de/wetter/."""

FILE = PublishedSeries(
    "weather",
    "weather.csv",
    "34ee981d07313e51da2a50bb600072c8ae4a69cb4b0651f4cb93a069d7a2ba63",
    7_235_425,
    "weather.zip",
    ("weather", "weather/weather", "all_six_datasets/weather", "dataset/weather", "."),
    SOURCE_URL,
    columns=21,
)
STEPS, STEPS_PER_DAY = 52_696, 144
ENDS = (36_887, 42_157, STEPS)
"""The steps after which training, validation and test end: 70 % and 20 %, rounded down, and the rest for validation."""

SENTINEL = -9999.0  # means a missing value
FEATURES = ("M", "S")
SENTINELS = ("carry", "keep")
COLUMNS: tuple[str, ...] = (
    *("p", "T", "Tpot", "Tdew", "rh", "VPmax", "VPact", "VPdef", "sh", "H2OC", "rho", "wv", "max. wv", "wd", "rain"),
    *("raining", "SWDR", "PAR", "max. PAR", "Tlog", "OT"),
)


@dataclass(frozen=True)
class Weather(Task):
    """Forecast 21 measurements of the weather from those before.

    Attributes:
        features: "M": all columns from all columns; "S": the last column, OT, from itself.
        input_length: T, the number of input steps of ten minutes.
        horizon: the number of steps to forecast.
        subtract_last: whether the last input of each column is subtracted from its inputs and targets, so that the
            change from it is forecast. This does not change the errors.
        sentinels: the treatment of the 81 values of -9999, which mean missing values. "carry" replaces each by the
            column's last value before it; "keep" leaves them.
    """

    title = "Weather in Jena, 2020"
    metrics = (
        Metric("mse", "min", low=0),
        Metric("mae", "min", low=0),
    )
    chance = 1.0  # the training part's mean on the training part; its error on the test part is the baseline "mean"
    protocol = (
        "Wu et al. 2021 (Autoformer), its file and its split: in order, 70 % for training, 10 % for validation, 20 % "
        "for test. The inputs of validation and test windows may contain steps of the part before. The series and its "
        "errors are standardised by the mean and the standard deviation of the training part. All windows are used, "
        "one step apart. Departures: 81 values of -9999 (50 of OT, 30 of max. PAR, 1 of wv, all in the training part) "
        "are replaced by the last value before them; task.sentinels=keep leaves them, as published figures do: they "
        "increase the standard deviation of three columns so much that the errors of these columns hardly count. The "
        "last incomplete batch is scored, which published code drops; no calendar features; with subtract_last, the "
        "default, the network reads and forecasts changes from the last value, as published LSTM rows do not. Steps "
        "count as equal, although one timestamp occurs twice and nine are missing."
    )
    licence = "none stated; Max Planck Institute for Biogeochemistry"

    features: str = "M"
    input_length: int = 96
    horizon: int = 96
    subtract_last: bool = True
    sentinels: str = "carry"

    def __post_init__(self) -> None:
        check_choice("features", self.features, FEATURES)
        check_choice("sentinels", self.sentinels, SENTINELS)
        check_whole("input_length", self.input_length, 1, 2000)
        check_whole("horizon", self.horizon, 1, 720)
        check_flag("subtract_last", self.subtract_last)

    def checksums(self) -> Mapping[str, str]:
        """Return the checksum of the CSV file. It is the same if the file is in a zip archive."""
        return {FILE.file: FILE.sha256}

    def size(self) -> Size:
        """Return the number of training windows, the input length and the number of columns."""
        windows = ENDS[0] - self.input_length - self.horizon + 1
        return Size(windows, self.input_length, len(COLUMNS) if self.features == "M" else 1)

    def check_files(self, root: Path, cache: Path | None = None) -> None:  # noqa: ARG002  (nothing is cached)
        """Check that the CSV file or its zip archive exists."""
        FILE.path(root)

    def load(self, root: Path, cache: Path | None = None) -> Problem:  # noqa: ARG002  (nothing needs a cache)
        """Read the CSV file, alone or in its zip archive, from one of its folders."""
        from tasks.series.forecasting import forecasting_problem

        return forecasting_problem(
            self._values(root),
            self._columns,
            FILE.file,
            outputs=len(self._columns),
            ends=ENDS,
            input_length=self.input_length,
            horizon=self.horizon,
            season=STEPS_PER_DAY,
            subtract_last=self.subtract_last,
        )

    def example(self, problem: Problem, number: int, root: Path, cache: Path | None = None) -> Example:  # noqa: ARG002
        """Return a test window with the names of its columns."""
        from tasks.series.window_views import window_example

        return window_example(problem, number, self._columns)

    def own_example(self, problem: Problem, given: OwnInput, root: Path, cache: Path | None = None) -> Example:  # noqa: ARG002
        """Return the end of a user's CSV file with the same columns."""
        from tasks.series.window_views import own_window

        training = self._values(root)[: ENDS[0]]
        return own_window(
            given, training, self._columns, input_length=self.input_length, subtract_last=self.subtract_last
        )

    @property
    def _columns(self) -> tuple[str, ...]:
        """The names of the columns that are read."""
        return COLUMNS if self.features == "M" else COLUMNS[-1:]

    def _values(self, root: Path) -> NDArray[np.float64]:
        """Return the columns (N, I) that are read."""
        from tasks.series.gaps import carry_forward

        values = FILE.read(root)
        if self.sentinels == "carry":
            values = carry_forward(values, values == SENTINEL)
        return values[:, -len(self._columns) :]
