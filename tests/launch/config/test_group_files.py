from collections.abc import Iterator
from pathlib import Path

import pytest
from hydra import compose
from hydra.core.global_hydra import GlobalHydra
from omegaconf import OmegaConf

from launch.config.compose import hydra_session
from launch.config.group_files import GroupFiles

FILES = {
    "cell/mine.yaml": "name: mine\nbase: gru\nablate: {r: {fix: 1}}\n",
    "cell/odd.yaml": "name: odd\nbase: gru\ncolour: red\n",
    "cell/broken.yaml": "name: [\n",
    "cell/with_header.yaml": "# @package _global_\ncell: {name: x, base: gru}\n",
    "cell/with_defaults.yaml": "defaults: [gru]\n",
    "experiment/renaming.yaml": "# @package _global_\ncell: {note: an experiment}\nseed: 3\n",
}


@pytest.fixture
def session(tmp_path: Path) -> Iterator[None]:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    with hydra_session(tmp_path):
        yield


def files(*overrides: str) -> GroupFiles:
    base = compose("config", list(overrides), return_hydra_config=True)
    return GroupFiles(GlobalHydra.instance().config_loader(), base, overrides)


@pytest.mark.parametrize(
    "overrides",
    [
        [],
        ["experiment=renaming"],
        ["++cell.ablate.z.bias=2", "cell.source=A book"],
        ["experiment=renaming", "cell={note: other}", "+cell.start.R=identity"],
        ["cell=gru_no_update", "task=parity", "seed=3"],
    ],
    ids=" ".join,
)
@pytest.mark.usefixtures("session")
def test_a_section_is_the_one_that_hydra_composes(overrides: list[str]) -> None:
    names = ["mine", "gru", "lstm_no_input", "janet"]
    sections = files(*overrides).sections("cell", names)
    assert sections is not None
    for name, section in zip(names, sections, strict=True):
        composed = compose("config", [*overrides, f"cell={name}"])
        assert OmegaConf.to_container(section) == OmegaConf.to_container(composed.cell)


@pytest.mark.usefixtures("session")
def test_a_key_that_an_override_deletes_is_gone() -> None:
    sections = files("cell=lstm_no_input", "~cell.ablate.i").sections("cell", ["lstm_nig"])
    assert sections is not None
    assert sections[0].ablate == {}


@pytest.mark.parametrize("name", ["odd", "broken", "with_header", "with_defaults", "missing"])
@pytest.mark.usefixtures("session")
def test_hydra_composes_what_is_not_plain(name: str) -> None:
    assert files().sections("cell", ["lstm", name]) is None


@pytest.mark.usefixtures("session")
def test_hydra_composes_what_overrides_forbid() -> None:
    assert files("cell=lstm_no_input", "~cell.ablate.i").sections("cell", ["lstm"]) is None
    assert files("cell=lstm_no_input", "~cell.ablate.i").sections("model", ["small"]) is None
    assert files("experiment=renaming").sections("experiment", ["renaming"]) is None


@pytest.mark.usefixtures("session")
def test_a_base_that_differs_from_its_own_files_is_left_to_hydra() -> None:
    base = compose("config", [], return_hydra_config=True)
    base.cell.name = "changed"
    assert GroupFiles(GlobalHydra.instance().config_loader(), base, []).sections("cell", ["gru"]) is None
