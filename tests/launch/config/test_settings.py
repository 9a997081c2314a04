from pathlib import Path

import pytest

from gatebench.errors import UserError
from launch.config.settings import CellConfig, Settings
from launch.config.solved_sizes import SizedModel

CELL = CellConfig(name="lstm", base="lstm", ablate={"i": {"fix": 1}})
DIGITS = {"_target_": "tasks.images.digits.Digits"}


def test_a_config_is_a_trial() -> None:
    trial = Settings(cell=CELL, task=DIGITS, model=SizedModel(hidden_size=7), seed=3).trial
    assert trial.build_cell().name == "lstm[i=1]"
    assert (trial.build_task().name, trial.model.hidden_size, trial.seed) == ("digits", 7, 3)


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("seed", -1, "seed is -1; it must be a whole number from 0 to 1000000000000"),
        ("seed", 10**20, "seed is 100000000000000000000; it must be a whole number from 0 to"),
        ("workers", 0, "workers is 0"),
        ("cpus_per_trial", 0, "cpus_per_trial is 0"),
        ("gpus_per_trial", -0.5, "gpus_per_trial is -0.5"),
        ("gpus_per_trial", float("nan"), "gpus_per_trial is nan"),
        ("resources_per_trial", {"accelerator": 0}, "resources_per_trial.accelerator is 0"),
        ("port", 70_000, "port is 70000; it must be a whole number from 1 to 65535"),
        ("study", " ", "study is empty"),
        ("study", "a,", "study is empty"),
        ("test", "pared", "There is no test 'pared'; did you mean 'paired'?"),
    ],
)
def test_values_out_of_range_are_refused(key: str, value: object, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        Settings(**{key: value})  # type: ignore[arg-type]


def test_places_are_absolute_and_have_defaults(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert Settings(home="").home_folder.root == tmp_path / "runs"
    assert Settings(home="here").home_folder.root == tmp_path / "here"
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="file is a file; it must be a folder"):
        _ = Settings(home="file").home_folder
    assert Settings().records_uri == f"sqlite:///{tmp_path}/runs/mlflow.db"
    assert Settings(tracking_uri="http://127.0.0.1:5000").records_uri == "http://127.0.0.1:5000"
    assert Settings(data_root="data").data_folder == tmp_path / "data"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert tmp_path / "cache" in Settings().data_folder.parents


def test_a_tasks_file_is_found_from_anywhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    given = {"_target_": "tasks.series.series.Series", "path": "mine.csv", "target": "Close"}
    trial = Settings(cell=CELL, task=given).trial
    assert trial.task["path"] == str(tmp_path / "mine.csv")
    pairs = {"_target_": "tasks.text.translation.Translation", "source_path": "a.txt", "target_path": "~/b.txt"}
    assert Settings(cell=CELL, task=pairs).trial.task["source_path"] == str(tmp_path / "a.txt")
    assert Path(Settings(cell=CELL, task=pairs).trial.task["target_path"]).is_absolute()
    assert Settings(cell=CELL, task=given | {"path": ""}).trial.task["path"] == "", "the task refuses it in its words"


def test_a_table_takes_several_studies_and_other_verbs_one() -> None:
    assert Settings(study="a, b,a").studies == ["a", "b"]
    assert Settings(study=" a b ").one_study == "a b"
    with pytest.raises(UserError, match="study is 'a,b'; only gatebench table takes several studies"):
        _ = Settings(study="a,b").one_study


def test_the_declaration_changes_no_digest() -> None:
    declared = Settings(cell=CELL, task=DIGITS, question="Why?", order=["gru"], test="paired", metrics=["all"])
    assert declared.trial.digest == Settings(cell=CELL, task=DIGITS).trial.digest


def test_an_unknown_view_is_refused() -> None:
    assert Settings(view="best10").view == "best10"
    with pytest.raises(UserError, match=r"no view 'best1'.*'best10'"):
        Settings(view="best1")
