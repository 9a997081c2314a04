from pathlib import Path

import numpy as np
import pytest
import torch

from gatebench.errors import UserError
from gatebench.task import Size, Split
from tasks.data.files import find_file
from tasks.series import weather
from tasks.series.weather import COLUMNS, ENDS, FILE, SENTINEL, STEPS, Weather
from tests.tasks.real_data import data_root, skipping_without_files
from tests.tasks.series.small_series import WEATHER, Array, write_small_weather


def series_of(split: Split) -> Array:
    """The whole series (N, I) whose windows the part has."""
    series: Array = split.values.double().numpy()  # type: ignore[attr-defined]
    return series


@pytest.fixture
def values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Array:
    return write_small_weather(tmp_path, monkeypatch)


def test_sentinels_are_replaced_by_the_last_value(tmp_path: Path, values: Array) -> None:
    expected = values.copy()
    expected[5, 11] = values[4, 11]
    expected[100:120, 20] = values[99, 20]
    expected[650, 20] = values[649, 20]
    scaled = (expected - expected[: WEATHER[0]].mean(0)) / expected[: WEATHER[0]].std(0)
    np.testing.assert_allclose(series_of(Weather().load(tmp_path).train), scaled, atol=1e-4)


def test_sentinels_can_be_kept(tmp_path: Path, values: Array) -> None:
    scaled = (values - values[: WEATHER[0]].mean(0)) / values[: WEATHER[0]].std(0)
    np.testing.assert_allclose(series_of(Weather(sentinels="keep").load(tmp_path).train), scaled, atol=1e-4)
    assert np.abs(scaled[:, 11]).max() > 20


@pytest.mark.parametrize("place", ["weather/weather.csv", "weather.zip", "all_six_datasets/weather/weather.csv"])
def test_all_layouts_give_the_same_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    values = write_small_weather(tmp_path, monkeypatch, place)
    assert np.corrcoef(series_of(Weather().load(tmp_path).train)[:, 3], values[:, 3])[0, 1] == pytest.approx(1)


def test_size_is_known_before_the_file_is_read(tmp_path: Path, values: Array) -> None:
    for task in (Weather(), Weather(features="S", input_length=60, horizon=30)):
        problem = task.load(tmp_path)
        assert task.size() == Size(len(problem.train), problem.steps, problem.input_size)


def test_features_s_has_the_last_column_only(tmp_path: Path, values: Array) -> None:
    alone = Weather(features="S").load(tmp_path)
    np.testing.assert_array_equal(series_of(alone.train)[:, 0], series_of(Weather().load(tmp_path).train)[:, 20])


def test_parts_are_seven_one_and_two_tenths() -> None:
    assert (int(STEPS * 0.7), STEPS - int(STEPS * 0.2), STEPS) == ENDS


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"features": "m"}, r"There is no task\.features 'm'; did you mean 'M'\? Allowed: M, S\."),
        ({"sentinels": "drop"}, r"There is no task\.sentinels 'drop'\. Allowed: carry, keep\."),
        ({"input_length": 2001}, r"task\.input_length is 2001; it must be a whole number from 1 to 2000\."),
        ({"horizon": 0}, r"task\.horizon is 0; it must be a whole number from 1 to 720\."),
        ({"subtract_last": None}, r"task\.subtract_last is None; it must be true or false\."),
    ],
)
def test_impossible_fields_are_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=f"^{message}$"):
        Weather(**fields)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def real() -> Path:
    with skipping_without_files():
        find_file(data_root(), FILE.folders, (FILE.file, FILE.archive), weather.SOURCE_URL)
    return data_root()


def test_the_protocol_counts_the_real_sentinels(real: Path) -> None:
    rows, columns = np.nonzero(FILE.read(real) == SENTINEL)
    counts = {COLUMNS[column]: int((columns == column).sum()) for column in np.unique(columns)}
    assert counts == {"OT": 50, "max. PAR": 30, "wv": 1}
    assert rows.max() < ENDS[0]
    assert f"{len(rows)} values of -9999 (50 of OT, 30 of max. PAR, 1 of wv" in Weather.protocol


def test_the_real_file_with_sentinels_gives_the_published_error_of_repeat_last(real: Path) -> None:
    """Zeng et al. 2023, table 2, "Repeat": 0.259, 96 steps ahead."""
    kept, carried = (Weather(sentinels=sentinels).load(real) for sentinels in ("keep", "carry"))
    assert kept.baselines()["repeat-last"] == pytest.approx(0.259, abs=0.0005)
    assert carried.baselines()["repeat-last"] == pytest.approx(0.327, abs=0.0005)
    assert (len(kept.train), len(kept.val), len(kept.test)) == (36_696, 5_175, 10_444)
    assert kept.train.batch(torch.arange(2)).x.shape == (96, 2, 21)
