"""Small series as CSV files in the official layouts: random values with a daily period and noise."""

import hashlib
import io
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tasks.series import ett, weather
from tests.tasks.data.archives import zipped

Array = NDArray[np.float64]
DAYS = (20, 27, 34)  # the days after which training, validation and test of the small ETTh1 end
UNUSED_HOURS = 30  # after the test part
WEATHER = (700, 860, 1100)  # the steps after which the parts of the small weather end


def periodic(rows: int, columns: int, period: int) -> Array:
    """Return values (N, I) that repeat with the period, with noise. Each column has its own scale."""
    rng = np.random.default_rng(0)
    angle = 2 * np.pi * (np.arange(rows)[:, None] / period + rng.random(columns))
    noise = rng.normal(0, 0.3, (rows, columns))
    return np.round((np.sin(angle) + noise) * rng.uniform(1, 9, columns) + rng.uniform(-50, 50, columns), 3)


def csv_bytes(values: Array, header: str, minutes: int, end: str = "\n") -> bytes:
    """Return a CSV file in latin-1: a header, then a timestamp and the values in each row."""
    text = io.StringIO()
    for row, numbers in enumerate(values):
        stamp = datetime(2016, 7, 1) + row * timedelta(minutes=minutes)
        print(stamp, *numbers.tolist(), sep=",", end=end, file=text)
    return (header + end).encode("latin-1") + text.getvalue().encode()


def write_small_ett(root: Path, patch: pytest.MonkeyPatch, place: str = "ett/ETT-small.zip") -> Array:
    """Write a small ETTh1 at a place below `root`, alone or in an archive, and patch the task to expect it."""
    values = periodic(DAYS[-1] * 24 + UNUSED_HOURS, 7, 24)
    data = csv_bytes(values, "date," + ",".join(ett.COLUMNS), 60)
    published = replace(ett.FILES["ETTh1"], sha256=hashlib.sha256(data).hexdigest(), size=len(data))
    patch.setitem(ett.FILES, "ETTh1", published)
    patch.setattr(ett, "DAYS", DAYS)
    _write(root / place, data, "ETT-small/ETTh1.csv")
    return values


def write_small_weather(root: Path, patch: pytest.MonkeyPatch, place: str = "weather/weather.zip") -> Array:
    """Write a small year of weather with sentinels, in columns 11 and 20, at a place below `root`."""
    values = periodic(WEATHER[-1], 21, 144)
    values[5, 11] = values[100:120, 20] = values[650, 20] = weather.SENTINEL
    data = csv_bytes(values, "date," + ",".join(f"{name} (µ)" for name in weather.COLUMNS), 10, "\r\n")
    patch.setattr(weather, "FILE", replace(weather.FILE, sha256=hashlib.sha256(data).hexdigest(), size=len(data)))
    patch.setattr(weather, "ENDS", WEATHER)
    _write(root / place, data, "weather/weather.csv")
    return values


def write_small_csv(root: Path, patch: pytest.MonkeyPatch) -> Array:
    """Write `prices.csv`, daily, with the columns Close and Volume."""
    values = periodic(600, 2, 7)
    (root / "prices.csv").write_bytes(csv_bytes(values, "Date,Close,Volume", 24 * 60))
    return values


def _write(path: Path, data: bytes, member: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(zipped({"folder/": b"", member: data}) if path.suffix == ".zip" else data)
