from pathlib import Path

import pytest
import yaml

from gatebench.cells import ARCHITECTURES, build_cell, build_compared, cell_names, load_cell, load_compared
from gatebench.cells.architectures import build_architecture, is_architecture
from gatebench.errors import UserError
from gatebench.spec.architecture import Architecture
from gatebench.spec.cell import Cell
from tests.paths import ROOT


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_each_architecture_has_a_config_that_shows_its_options(name: str) -> None:
    config = yaml.safe_load((ROOT / "conf" / "cell" / f"{name}.yaml").read_text(encoding="utf-8"))
    assert is_architecture(config)
    assert build_architecture(config) == ARCHITECTURES[name]
    assert config["options"] == ARCHITECTURES[name].options
    assert name not in cell_names()


def test_a_change_shows_in_the_name() -> None:
    config = {"name": "attention", "base": "attention", "options": {"heads": 4}, "ablate": {}, "start": {}}
    assert build_architecture(config).name == "attention[heads=4]"
    assert isinstance(build_compared(config), Architecture)
    assert isinstance(build_compared({"name": "gru", "base": "gru"}), Cell)


def test_a_file_of_the_user_may_describe_one(tmp_path: Path) -> None:
    path = tmp_path / "narrow.yaml"
    path.write_text("name: narrow\nbase: tcn\nnote: Mine.\noptions: {kernel: 5}\n", encoding="utf-8")
    narrow = load_compared(path)
    assert isinstance(narrow, Architecture)
    assert (narrow.name, narrow.note, narrow.options["kernel"]) == ("narrow", "Mine.", 5)
    assert narrow.source == ARCHITECTURES["tcn"].source
    with pytest.raises(UserError, match=r"narrow is not a cell: it has no gates"):
        load_cell(path)


def test_an_architecture_is_refused_where_a_cell_is_needed() -> None:
    with pytest.raises(UserError, match="attention is not a cell: it has no gates"):
        load_cell("attention")
    with pytest.raises(UserError, match="tcn is not a cell: it has no gates"):
        build_cell({"base": "tcn"})
    with pytest.raises(UserError, match=r"tcn is not a cell and has no gates, so cell\.ablate has no meaning"):
        build_architecture({"base": "tcn", "ablate": {"f": {"fix": 1}}})
    with pytest.raises(UserError, match="There is no key 'option' of tcn"):
        build_architecture({"base": "tcn", "option": {}})
    with pytest.raises(UserError, match=r"cell\.options is 3; write for example"):
        build_architecture({"base": "tcn", "options": 3})
