from pathlib import Path

import pytest

from gatebench.errors import UserError
from launch.config.compose import expand
from launch.config.user_files import check_cell_names
from tests.paths import ROOT


def test_a_cell_has_the_name_of_its_file(tmp_path: Path) -> None:
    (tmp_path / "cell").mkdir()
    (tmp_path / "cell" / "mine.yaml").write_text("name: lstm\nbase: lstm\n")
    with pytest.raises(UserError, match=r"mine\.yaml has the name 'lstm'; it must be 'mine', the name of the file\.$"):
        expand(["cell=mine"], tmp_path)
    (tmp_path / "cell" / "mine.yaml").write_text("name: mine\nbase: lstm\n")
    assert list(expand(["cell=mine"], tmp_path).cells) == ["mine"]


@pytest.mark.parametrize("content", ["name: [", "- a", "", "base: lstm", b"\xff"])
def test_a_file_that_cannot_be_read_is_left_to_hydra(content: str | bytes, tmp_path: Path) -> None:
    (tmp_path / "cell").mkdir()
    (tmp_path / "cell" / "mine.yaml").write_bytes(content if isinstance(content, bytes) else content.encode())
    check_cell_names(tmp_path)


def test_the_cells_of_gatebench_have_the_names_of_their_files() -> None:
    check_cell_names(ROOT / "conf")
