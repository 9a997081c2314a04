import hashlib
import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from gatebench.errors import UserError
from gatebench.trial import Trial
from tasks.data.files import MissingFile
from tasks.series.series import Series
from tests.tasks.real_data import data_root, skipping_without_files
from tests.tasks.series.small_series import Array, csv_bytes, periodic, write_small_csv

HOURS = 24 * 60


@pytest.fixture
def values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Array:
    return write_small_csv(tmp_path, monkeypatch)


@pytest.fixture
def task(tmp_path: Path, values: Array) -> Series:
    return Series(path=str(tmp_path / "prices.csv"), target="Close", horizon=5, input_length=20, subtract_last=False)


def test_the_target_is_forecast_from_all_columns(tmp_path: Path, task: Series, values: Array) -> None:
    problem = task.load(tmp_path / "unused")
    scaled = (values - values[:420].mean(0)) / values[:420].std(0)
    batch = problem.test.batch(torch.tensor([0]))
    np.testing.assert_allclose(batch.x[:, 0], scaled[460:480], atol=1e-5)
    np.testing.assert_allclose(batch.y[0], scaled[480:485, 0], atol=1e-5)
    assert (len(problem.train), len(problem.val), len(problem.test)) == (420 - 24, 60 - 4, 120 - 4)
    assert (problem.input_size, problem.steps) == (2, 20)


def test_another_target_and_fewer_inputs(tmp_path: Path, task: Series) -> None:
    both = replace(task, target="Volume").load(tmp_path).train.batch(torch.arange(3))
    alone = replace(task, target="Volume", inputs=[]).load(tmp_path).train.batch(torch.arange(3))
    assert torch.equal(both.x[..., :1], alone.x)
    assert torch.equal(both.y, alone.y)
    assert torch.equal(replace(task).load(tmp_path).train.batch(torch.arange(3)).x[..., 1:], alone.x)


def test_season_comes_from_the_dates_or_the_user(tmp_path: Path, task: Series) -> None:
    guessed = task.load(tmp_path).baselines()
    assert guessed["seasonal-naive"] == replace(task, season=7).load(tmp_path).baselines()["seasonal-naive"]
    assert guessed["seasonal-naive"] < guessed["repeat-last"]
    assert replace(task, season=1).load(tmp_path).baselines()["seasonal-naive"] == guessed["repeat-last"]
    with pytest.raises(UserError, match=r"^task\.season is 481; it must be at most the 480 steps before the test part"):
        replace(task, season=481).load(tmp_path)


def test_a_file_without_dates_has_no_season(tmp_path: Path, task: Series, values: Array) -> None:
    np.savetxt(tmp_path / "plain.csv", values, "%.3f", ",", header="Close,Volume", comments="")
    plain = replace(task, path=str(tmp_path / "plain.csv")).load(tmp_path)
    assert sorted(plain.baselines()) == ["linear", "mean", "repeat-last"]
    dated = task.load(tmp_path)
    assert torch.equal(plain.test.batch(torch.arange(9)).x, dated.test.batch(torch.arange(9)).x)


@pytest.mark.parametrize(("gaps", "steps", "season"), [("carry", 600, True), ("ignore", 597, False)])
def test_treatments_of_missing_rows(tmp_path: Path, task: Series, gaps: str, steps: int, season: bool) -> None:
    lines = (tmp_path / "prices.csv").read_text().splitlines(keepends=True)
    del lines[100:103]
    (tmp_path / "gaps.csv").write_text("".join(lines))
    gappy = replace(task, path=str(tmp_path / "gaps.csv"))
    with pytest.raises(UserError, match=r"^gaps\.csv has rows that are not 1 day apart, 1 of 597, .* line 101"):
        gappy.load(tmp_path)
    problem = replace(gappy, gaps=gaps).load(tmp_path)
    assert sum(map(len, (problem.train, problem.val, problem.test))) == steps - 20 - 3 * 4
    assert ("seasonal-naive" in problem.baselines()) == season


@pytest.mark.parametrize(("cell", "sentinel"), [("", None), ("NaN", None), ("-9999", -9999), ("-9999.0", -9999.0)])
def test_treatments_of_missing_values(tmp_path: Path, task: Series, cell: str, sentinel: float | None) -> None:
    lines = (tmp_path / "prices.csv").read_text().splitlines()
    date, close, _ = lines[50].split(",")
    kept = lines[49].split(",")[2]
    for name, volume in (("holes", cell), ("filled", kept)):
        (tmp_path / f"{name}.csv").write_text("\n".join([*lines[:50], f"{date},{close},{volume}", *lines[51:]]))
    holes = replace(task, path=str(tmp_path / "holes.csv"), sentinel=sentinel)
    with pytest.raises(
        UserError, match=r"^Column 'Volume' of holes\.csv lacks 1 of 600 values, the first one in line 51"
    ):
        holes.load(tmp_path)
    found = replace(holes, missing="carry").load(tmp_path).train.batch(torch.arange(390))
    expected = replace(task, path=str(tmp_path / "filled.csv")).load(tmp_path).train.batch(torch.arange(390))
    assert torch.equal(found.x, expected.x)


def test_a_constant_column_and_a_short_file_are_refused(tmp_path: Path, task: Series) -> None:
    constant = periodic(600, 2, 7)
    constant[:, 1] = 5
    (tmp_path / "flat.csv").write_bytes(csv_bytes(constant, "Date,Close,Volume", HOURS))
    with pytest.raises(UserError, match=r"^Column 'Volume' of flat\.csv is 5 in all 420 steps for training, so that"):
        replace(task, path=str(tmp_path / "flat.csv")).load(tmp_path)
    for rows in (1, 2, 30):
        (tmp_path / "short.csv").write_bytes(csv_bytes(constant[:rows], "Date,Close,Volume", HOURS))
        with pytest.raises(
            UserError, match=rf"^short\.csv is too short: its {rows} steps are split after .* lower task\.input_len"
        ):
            replace(task, path=str(tmp_path / "short.csv")).load(tmp_path)


def test_a_series_with_too_few_windows_to_score_is_refused(tmp_path: Path, task: Series) -> None:
    short = replace(task, path=str(tmp_path / "short.csv"), input_length=2, horizon=1)
    for rows, allowed in ((20, False), (35, False), (50, True)):
        (tmp_path / "short.csv").write_bytes(csv_bytes(periodic(rows, 2, 7), "Date,Close,Volume", HOURS))
        if allowed:
            assert len(short.load(tmp_path).val) == 5
            continue
        with pytest.raises(UserError, match=rf"^short\.csv is too short: of its {rows} steps, the validation part has"):
            short.load(tmp_path)


def test_a_folder_is_no_file(tmp_path: Path, task: Series) -> None:
    with pytest.raises(UserError, match=r"^task\.path is .*, which is a folder; it must name a CSV file\.$"):
        replace(task, path=str(tmp_path)).checksums()


def test_rows_in_reverse_order_are_refused(tmp_path: Path, task: Series) -> None:
    header, *lines = (tmp_path / "prices.csv").read_text().splitlines()
    (tmp_path / "new.csv").write_text("\n".join([header, *reversed(lines)]))
    with pytest.raises(UserError, match=r"^new\.csv has .* in line 3 after .*; its rows must be in order of time\.$"):
        replace(task, path=str(tmp_path / "new.csv"), gaps="ignore").load(tmp_path)


def test_equal_numbers_have_equal_digests(task: Series) -> None:
    whole, point = (json.dumps(replace(task, sentinel=sentinel).parameters()) for sentinel in (-9999, -9999.0))
    assert whole == point


def test_the_file_enters_the_digest_and_its_folder_does_not(tmp_path: Path, task: Series) -> None:
    data = (tmp_path / "prices.csv").read_bytes()
    assert task.checksums() == {"prices.csv": hashlib.sha256(data).hexdigest()}
    (tmp_path / "elsewhere").mkdir()
    moved = replace(task, path=str(tmp_path / "elsewhere" / "prices.csv"))
    (tmp_path / "elsewhere" / "prices.csv").write_bytes(data)
    assert moved.parameters() == task.parameters()
    assert moved.label == task.label
    assert task.label.startswith("series[path=prices.csv, target=Close, horizon=5, ")

    def digest(task: Series) -> str:
        config = {**asdict(task), "_target_": "tasks.series.series.Series"}
        return Trial({"name": "lstm", "base": "lstm"}, json.loads(json.dumps(config))).digest

    assert digest(moved) == digest(task)
    (tmp_path / "elsewhere" / "prices.csv").write_bytes(data + b"\n")
    assert digest(moved) != digest(task)


@pytest.mark.parametrize("path", ["nowhere.csv", "x" * 300, "~nobody-of-that-name/x.csv", "a\0b"])
def test_a_missing_file_is_named(path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    task = Series(path=path, target="a")
    for look in (task.checksums, lambda: task.load(tmp_path)):
        with pytest.raises(MissingFile) as caught:
            look()
        assert str(caught.value) == f"There is no file {path}, which task.path names."


@pytest.mark.parametrize(
    ("field", "wanted"),
    [("path", "a CSV file"), ("target", r"the column to forecast\. Allowed: Date, Close, Volume")],
)
def test_a_file_and_a_target_must_be_named(tmp_path: Path, task: Series, field: str, wanted: str) -> None:
    nameless = replace(task, **{field: None})  # type: ignore[arg-type]
    for look in (nameless.checksums, lambda: nameless.load(tmp_path)):
        with pytest.raises(UserError, match=rf"^task\.{field} is null; it must name {wanted}\.$"):
            look()


def test_a_missing_target_is_refused_before_a_sweep_starts(tmp_path: Path, task: Series) -> None:
    task.check_files(tmp_path)
    wrong = replace(task, target="Clse")
    for look in (wrong.load, wrong.check_files):
        with pytest.raises(
            UserError, match=r"^There is no column 'Clse' in prices\.csv; did you mean 'Close'\? Allowed: "
        ):
            look(tmp_path)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"path": ""}, r"task\.path is ''; it must be a text, or null\."),
        ({"path": 3}, r"task\.path is 3; it must be a text, or null\."),
        ({"target": ["a"]}, r"task\.target is \['a'\]; it must be a text, or null\."),
        ({"inputs": [1]}, r"task\.inputs is \[1\]; it must be a list of names, or null\."),
        ({"inputs": "Volume"}, r"task\.inputs is 'Volume'; it must be a list of names, or null\."),
        ({"inputs": 3}, r"task\.inputs is 3; it must be a list of names, or null\."),
        ({"horizon": 0}, r"task\.horizon is 0; it must be a whole number from 1 to 2000\."),
        ({"input_length": 9999}, r"task\.input_length is 9999; it must be a whole number from 1 to 2000\."),
        ({"season": 0}, r"task\.season is 0; it must be a whole number of at least 1\."),
        (
            {"separator": ""},
            r"task\.separator is ''; it must be one character, but not a double quote or an end of line\.",
        ),
        ({"separator": '"'}, r"task\.separator is '\"'; it must be one character, .*"),
        ({"separator": "\n"}, r"task\.separator is .*"),
        ({"encoding": "utf8"}, r"There is no task\.encoding 'utf8'; did you mean 'utf-8'\? Allowed: latin-1, utf-8\."),
        ({"missing": "ignore"}, r"There is no task\.missing 'ignore'.* Allowed: carry, refuse\."),
        ({"gaps": "fill"}, r"There is no task\.gaps 'fill'.* Allowed: carry, ignore, refuse\."),
        ({"sentinel": "x"}, r"task\.sentinel is 'x'; it must be a number from .*"),
        ({"sentinel": float("nan")}, r"task\.sentinel is nan; it must be a number from .*"),
        ({"subtract_last": "yes"}, r"task\.subtract_last is 'yes'; it must be true or false\."),
    ],
)
def test_impossible_fields_are_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=f"^{message}$"):
        Series(**fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("file", "fields", "parts"),
    [
        ("daily-min-temperatures.csv", {"target": "Temp", "gaps": "carry", "horizon": 7}, (2454, 360, 724)),
        ("monthly-sunspots.csv", {"target": "Sunspots", "horizon": 12, "season": 132}, (1866, 272, 553)),
        ("airline-passengers.csv", {"target": "Passengers", "horizon": 12, "input_length": 24}, (65, 5, 17)),
    ],
)
def test_real_files(file: str, fields: dict[str, object], parts: tuple[int, int, int]) -> None:
    with skipping_without_files():
        problem = Series(path=str(data_root() / "series" / file), **fields).load(data_root())  # type: ignore[arg-type]
    assert (len(problem.train), len(problem.val), len(problem.test)) == parts
    baselines = problem.baselines()
    assert baselines["linear"] < min(baselines["repeat-last"], baselines["seasonal-naive"], baselines["mean"])


def test_real_leap_days_are_missing() -> None:
    path = data_root() / "series" / "daily-min-temperatures.csv"
    if not path.is_file():
        pytest.skip(f"There is no {path}.")
    with pytest.raises(UserError, match=r"2 of 3,650, the first one in line 1462, 2 days after the row before"):
        Series(path=str(path), target="Temp").load(data_root())
