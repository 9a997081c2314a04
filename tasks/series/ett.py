"""Electricity transformer temperature: two transformers, by the hour and by the quarter of an hour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gatebench.task import Metric, Problem, Size, Task
from tasks.blocks.validation import check_choice, check_flag, check_whole
from tasks.series.published_series import PublishedSeries

HOME = "https://raw.githubusercontent.com/zhouhaoyi/ETDataset/main/ETT-small/"
FOLDERS = ("ett", "ETT-small", "ett/ETT-small", "ETDataset/ETT-small", "ETDataset-main/ETT-small", ".")
FILES = {
    name: PublishedSeries(f"{name}.csv", sha256, size, "ETT-small.zip", FOLDERS, HOME, columns=7)
    for name, sha256, size in (
        ("ETTh1", "f18de3ad269cef59bb07b5438d79bb3042d3be49bdeecf01c1cd6d29695ee066", 2_589_657),
        ("ETTh2", "a3dc2c597b9218c7ce1cd55eb77b283fd459a1d09d753063f944967dd6b9218b", 2_417_960),
        ("ETTm1", "6ce1759b1a18e3328421d5d75fadcb316c449fcd7cec32820c8dafda71986c9e", 10_360_719),
        ("ETTm2", "db973ca252c6410a30d0469b13d696cf919648d0f3fd588c60f03fdbdbadd1fd", 9_677_236),
    )
}
STEPS_PER_DAY = {"ETTh1": 24, "ETTh2": 24, "ETTm1": 96, "ETTm2": 96}
DAYS = (360, 480, 600)  # after which training, validation and test end: 12, 4 and 4 months of 30 days
FEATURES = ("M", "S")
COLUMNS: tuple[str, ...] = ("HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT")  # six loads and the oil temperature


@dataclass(frozen=True)
class Ett(Task):
    """A transformer's loads and oil temperature are forecast from the hours before.

    dataset: ETTh1 or ETTh2, by the hour; ETTm1 or ETTm2, by the quarter of an hour. features: "M", all seven columns
    from all seven, or "S", the oil temperature OT from itself. input_length, horizon: steps of input, T, and of
    forecast. subtract_last: each column's last input is subtracted from its inputs, and the change from it is forecast;
    the errors are the same figures either way.
    """

    title = "Electricity transformer temperature"
    metrics = (Metric("mse", "min"), Metric("mae", "min"))
    chance = (
        1.0  # the training part's mean, there, by definition; the baseline "mean" is what it scores on the test part
    )
    protocol = (
        "Zhou et al. 2021 (Informer), with the borders of its code: 12, 4 and 4 months of 30 days for training, "
        "validation and test, what is left is not used; the inputs of validation and test windows may reach back into "
        "the part before. Standardised by training's mean and standard deviation, on whose scale the errors are; all "
        "windows, one step apart. Departures: the last incomplete batch is scored, which published code drops; no "
        "calendar features; with subtract_last, the default, the network sees and forecasts changes from the last "
        "value, as NLinear does (Zeng et al. 2023) and published LSTM rows do not."
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
        """Return the checksum of the one CSV file, which a zip archive may hold."""
        return {FILES[self.dataset].file: FILES[self.dataset].sha256}

    def size(self) -> Size:
        """Return the number of training windows, the input length and the number of columns."""
        windows = self._ends[0] - self.input_length - self.horizon + 1
        return Size(windows, self.input_length, len(COLUMNS) if self.features == "M" else 1)

    def load(self, root: Path, cache: Path | None = None) -> Problem:  # noqa: ARG002  (nothing is costly here)
        """Read the CSV file, or the zip archive that holds it, from one of the `FOLDERS`."""
        from tasks.series.forecasting import forecasting_problem

        values, columns = FILES[self.dataset].read(root), COLUMNS
        if self.features == "S":
            values, columns = values[:, -1:], COLUMNS[-1:]
        return forecasting_problem(
            values[: self._ends[-1]],
            columns,
            self.dataset,
            outputs=len(columns),
            ends=self._ends,
            input_length=self.input_length,
            horizon=self.horizon,
            season=STEPS_PER_DAY[self.dataset],
            subtract_last=self.subtract_last,
        )

    @property
    def _ends(self) -> tuple[int, ...]:
        return tuple(days * STEPS_PER_DAY[self.dataset] for days in DAYS)
