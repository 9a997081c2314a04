from pathlib import Path

import numpy as np
import pytest
import torch

from gatebench.errors import UserError
from gatebench.task import Size
from tasks.data.files import MissingFile, find_file
from tasks.series import ett
from tasks.series.ett import FILES, FOLDERS, Ett
from tests.tasks.real_data import data_root, skipping_without_files
from tests.tasks.series.small_series import DAYS, Array, write_small_ett


@pytest.fixture
def values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Array:
    return write_small_ett(tmp_path, monkeypatch)


def test_parts_follow_each_other_and_are_scaled_by_the_training_part(tmp_path: Path, values: Array) -> None:
    problem = Ett(subtract_last=False).load(tmp_path)
    train, val, test = (24 * days for days in DAYS)
    scaled = (values - values[:train].mean(0)) / values[:train].std(0)
    for split, begin, end in (
        (problem.train, 96, train),
        (problem.val, train, val),
        (problem.test, val, test),
    ):
        assert len(split) == end - begin - 24 + 1
        batch = split.batch(torch.tensor([0, len(split) - 1]))
        for column, first in enumerate((begin, end - 24)):
            np.testing.assert_allclose(batch.x[:, column], scaled[first - 96 : first], atol=1e-5)
            np.testing.assert_allclose(batch.y[column].view(24, 7), scaled[first : first + 24], atol=1e-5)


def test_features_s_has_the_oil_temperature_only(tmp_path: Path, values: Array) -> None:
    everything, alone = (Ett(features=features, input_length=30, horizon=5).load(tmp_path) for features in ("M", "S"))
    both, one = (problem.test.batch(torch.arange(9)) for problem in (everything, alone))
    assert torch.equal(one.x, both.x[..., 6:])
    assert torch.equal(one.y, both.y.view(9, 5, 7)[..., 6])
    assert (everything.input_size, alone.input_size) == (7, 1)


@pytest.mark.parametrize("fields", [{}, {"features": "S", "input_length": 50, "horizon": 48}])
def test_size_is_known_before_the_file_is_read(tmp_path: Path, values: Array, fields: dict[str, object]) -> None:
    task = Ett(**fields)  # type: ignore[arg-type]
    problem = task.load(tmp_path)
    assert task.size() == Size(len(problem.train), problem.steps, problem.input_size)


def test_season_is_a_day() -> None:
    assert {name: 24 if "h" in name else 96 for name in FILES} == ett.STEPS_PER_DAY


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("file", ["ETTh1.csv", "ETT-small.zip"])
def test_all_layouts_give_the_same_values(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str, file: str
) -> None:
    values = write_small_ett(tmp_path, monkeypatch, f"{folder}/{file}")
    x = Ett(subtract_last=False).load(tmp_path).train.batch(torch.tensor([0])).x[:, 0, 6].double()
    assert np.corrcoef(x, values[:96, 6])[0, 1] == pytest.approx(1)


def test_a_missing_and_a_damaged_file_are_named(tmp_path: Path, values: Array) -> None:
    archive = tmp_path / "ett" / "ETT-small.zip"
    with pytest.raises(UserError, match=r"ETT-small\.zip holds no files called ETTh2\.csv"):
        Ett(dataset="ETTh2").load(tmp_path)
    archive.write_bytes(archive.read_bytes()[:-1])
    with pytest.raises(UserError, match=r"ETT-small\.zip cannot be unpacked: "):
        Ett().load(tmp_path)
    archive.unlink()
    with pytest.raises(MissingFile, match=r"^There is no ETTh1\.csv or ETT-small\.zip in any of .*ETDataset/main"):
        Ett().load(tmp_path)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"dataset": "ETTh3"}, r"There is no task\.dataset 'ETTh3'; did you mean 'ETTh2'\? Allowed: ETTh1, .*"),
        ({"features": "MS"}, r"There is no task\.features 'MS'; .* Allowed: M, S\."),
        ({"input_length": 0}, r"task\.input_length is 0; it must be a whole number from 1 to 2000\."),
        ({"horizon": 721}, r"task\.horizon is 721; it must be a whole number from 1 to 720\."),
        ({"horizon": 24.0}, r"task\.horizon is 24\.0; .*"),
        ({"subtract_last": 1}, r"task\.subtract_last is 1; it must be true or false\."),
    ],
)
def test_impossible_fields_are_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=f"^{message}$"):
        Ett(**fields)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def real() -> Path:
    with skipping_without_files():
        find_file(data_root(), FOLDERS, ("ETTh1.csv", "ETT-small.zip"), ett.SOURCE_URL)
    return data_root()


# Zeng et al. 2023, table 2, "Repeat": mean squared error of the last value, 96 steps ahead. Its code drops the last
# incomplete batch of windows, gatebench does not.
REPEAT = {"ETTh1": 1.295, "ETTh2": 0.432, "ETTm1": 1.214, "ETTm2": 0.266}


@pytest.mark.parametrize("dataset", REPEAT)
def test_real_files_give_the_published_error_of_repeat_last(real: Path, dataset: str) -> None:
    baselines = Ett(dataset=dataset, horizon=96).load(real).baselines()
    assert baselines["repeat-last"] == pytest.approx(REPEAT[dataset], abs=0.0011)
    assert baselines["linear"] < baselines["seasonal-naive"] < baselines["repeat-last"]


def test_real_parts_have_the_published_sizes(real: Path) -> None:
    for dataset, horizon, sizes in (("ETTh1", 24, (8521, 2857, 2857)), ("ETTm2", 720, (33_745, 10_801, 10_801))):
        problem = Ett(dataset=dataset, horizon=horizon).load(real)
        assert (len(problem.train), len(problem.val), len(problem.test)) == sizes
