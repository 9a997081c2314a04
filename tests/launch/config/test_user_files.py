from pathlib import Path

import pytest

from gatebench.errors import UserError
from launch.config.compose import expand
from launch.config.user_files import check_names
from tests.paths import ROOT


def test_a_cell_has_the_name_of_its_file(tmp_path: Path) -> None:
    (tmp_path / "cell").mkdir()
    (tmp_path / "cell" / "mine.yaml").write_text("name: lstm\nbase: lstm\n")
    with pytest.raises(UserError, match=r"mine\.yaml has the name 'lstm'; it must be 'mine', the name of the file\.$"):
        expand(["cell=mine"], tmp_path)
    (tmp_path / "cell" / "mine.yaml").write_text("name: mine\nbase: lstm\n")
    assert list(expand(["cell=mine"], tmp_path).cells) == ["mine"]


def test_a_task_has_the_name_of_its_file(tmp_path: Path) -> None:
    (tmp_path / "task").mkdir()
    file = tmp_path / "task" / "mine.yaml"
    file.write_text("_target_: tasks.images.digits.Digits\nname: digits\n")
    with pytest.raises(
        UserError, match=r"mine\.yaml has the name 'digits'; it must be 'mine', the name of the file\.$"
    ):
        expand(["task=mine"], tmp_path)
    file.write_text("_target_: tasks.images.digits.Digits\nname: mine\n")
    (trial,) = expand(["task=mine"], tmp_path).trials
    assert trial.build_task().name == "mine"
    assert trial.digest != expand(["task=digits"]).trials[0].digest


@pytest.mark.parametrize("content", ["name: [", "- a", "", "base: lstm", b"\xff"])
def test_a_file_that_cannot_be_read_is_left_to_hydra(content: str | bytes, tmp_path: Path) -> None:
    (tmp_path / "cell").mkdir()
    (tmp_path / "cell" / "mine.yaml").write_bytes(content if isinstance(content, bytes) else content.encode())
    check_names(tmp_path)


def test_the_cells_of_gatebench_have_the_names_of_their_files() -> None:
    check_names(ROOT / "conf")
