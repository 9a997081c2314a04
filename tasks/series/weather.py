"""A year of weather in Jena, every ten minutes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gatebench.task import Metric, Problem, Size, Task
from tasks.blocks.validation import check_choice, check_flag, check_whole
from tasks.series.published_series import PublishedSeries

HOME = "https://github.com/thuml/Autoformer"  # where this file is published; measured at https://www.bgc-jena.mpg.de/wetter/
FILE = PublishedSeries(
    "weather.csv",
    "34ee981d07313e51da2a50bb600072c8ae4a69cb4b0651f4cb93a069d7a2ba63",
    7_235_425,
    "weather.zip",
    ("weather", "weather/weather", "all_six_datasets/weather", "dataset/weather", "."),
    HOME,
    columns=21,
)
STEPS, STEPS_PER_DAY = 52_696, 144
ENDS = (36_887, 42_157, STEPS)  # 70 % for training and 20 % for test, rounded down, and what is left for validation
SENTINEL = -9999.0
FEATURES = ("M", "S")
SENTINELS = ("carry", "keep")
COLUMNS: tuple[str, ...] = (
    *("p", "T", "Tpot", "Tdew", "rh", "VPmax", "VPact", "VPdef", "sh", "H2OC", "rho", "wv", "max. wv", "wd", "rain"),
    *("raining", "SWDR", "PAR", "max. PAR", "Tlog", "OT"),
)


@dataclass(frozen=True)
class Weather(Task):
    """Twenty-one measurements of the weather are forecast from those before.

    features: "M", all columns from all, or "S", the last one, OT, from itself. input_length, horizon: steps of ten
    minutes of input, T, and of forecast. subtract_last: each column's last input is subtracted from its inputs, and the
    change from it is forecast; the errors are the same figures either way. sentinels: what becomes of the 81 values of
    -9999, which stand for what was not measured: "carry" repeats the column's last value before them, "keep" leaves
    them.
    """

    title = "Weather in Jena, 2020"
    metrics = (Metric("mse", "min"), Metric("mae", "min"))
    chance = (
        1.0  # the training part's mean, there, by definition; the baseline "mean" is what it scores on the test part
    )
    protocol = (
        "Wu et al. 2021 (Autoformer), its file and its split: in order, 70 % for training, 10 % for validation, 20 % "
        "for test, whose inputs may reach back into the part before. Standardised by training's mean and standard "
        "deviation, on whose scale the errors are; all windows, one step apart. Departures: 81 values of -9999 (50 of "
        "OT, 30 of max. PAR, 1 of wv, all in the training part) are replaced by the last value before them; "
        "task.sentinels=keep leaves them, as published figures do: they swell the standard deviation of three columns "
        "whose errors then hardly count. The last incomplete batch is scored, which published code drops; no calendar "
        "features; with subtract_last, the default, the network sees and forecasts changes from the last value, as "
        "published LSTM rows do not. Steps count as equal, though one stamp comes twice and nine are missing."
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
        """Return the checksum of the one CSV file, which a zip archive may hold."""
        return {FILE.file: FILE.sha256}

    def size(self) -> Size:
        """Return the number of training windows, the input length and the number of columns."""
        windows = ENDS[0] - self.input_length - self.horizon + 1
        return Size(windows, self.input_length, len(COLUMNS) if self.features == "M" else 1)

    def load(self, root: Path, cache: Path | None = None) -> Problem:  # noqa: ARG002  (nothing is costly here)
        """Read the CSV file, or the zip archive that holds it, from one of its folders."""
        from tasks.series.forecasting import forecasting_problem
        from tasks.series.gaps import carry_forward

        values, columns = FILE.read(root), COLUMNS
        if self.sentinels == "carry":
            values = carry_forward(values, values == SENTINEL)
        if self.features == "S":
            values, columns = values[:, -1:], COLUMNS[-1:]
        return forecasting_problem(
            values,
            columns,
            FILE.file,
            outputs=len(columns),
            ends=ENDS,
            input_length=self.input_length,
            horizon=self.horizon,
            season=STEPS_PER_DAY,
            subtract_last=self.subtract_last,
        )
