"""A package that is installed brings a cell, a task and a backend; a broken one is named in one sentence."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from gatebench.backends.names import backend_names
from gatebench.backends.registry import find
from gatebench.cells import cell_names, load_cell
from gatebench.errors import Refusal, UserError
from gatebench.packages import BACKENDS, CELLS, TASKS, config_folders, config_names, offers, package_name
from gatebench.task_modules import split_target
from gatebench.training import run_trial
from launch.config.compose import expand
from launch.main import main
from tests.package import BACKEND, LEAKY, ODD, TASK, install

ALL = {f"{CELLS}/acme": "acme_a", f"{TASKS}/acme": "acme_a", f"{BACKENDS}/acme_loop": "acme_a.loop"}
FILES = {"conf/cell/acme_leaky.yaml": LEAKY, "conf/task/odd.yaml": ODD, "task.py": TASK, "loop.py": BACKEND}


def test_without_packages_there_are_no_folders() -> None:
    assert not config_folders()
    assert not offers(BACKENDS)


def test_a_package_brings_a_cell_a_task_and_a_backend(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shipped = cell_names()
    package = install(tmp_path, monkeypatch, "acme_a", ALL, FILES)
    assert config_folders() == {"acme_a": package / "conf"}
    assert [package_name(entry) for entry in offers(CELLS)] == ["acme_a"]
    assert list(config_names(package / "conf")) == ["cell/acme_leaky.yaml", "task/odd.yaml"]
    assert set(cell_names()) - set(shipped) == {"acme_leaky"}
    assert load_cell("acme_leaky").digest == load_cell("lstm").fix("f", 0.9).digest
    assert split_target("acme_a.task.Odd") == ("acme_a.task", "Odd")
    assert backend_names()[-1] == "acme_loop"
    settings = ["task=odd", "training.backend=acme_loop", "training.max_epochs=1"]
    (trial,) = expand(["cell=acme_leaky", "model.hidden_size=4", *settings]).trials
    assert (trial.build_cell().name, trial.build_task().name) == ("acme_leaky", "odd")
    outcome = run_trial(trial, home=tmp_path, data_root=None, emit=lambda _: None)
    assert (outcome.status, outcome.facts["backend"]) == ("finished", "acme_loop")
    assert outcome.facts["version/acme_a"] == "1.0"
    (trial,) = expand(["cell=gru", "model.hidden_size=9", *settings]).trials
    with pytest.raises(Refusal, match="acme_loop has no cells of more than 8 units"):
        run_trial(trial, home=tmp_path, data_root=None, emit=lambda _: None)
    assert main(["cells"]) == 0
    assert "Acme 2026" in capsys.readouterr().out
    assert main(["new", "cell", "acme_leaky", f"folder={tmp_path}"]) == 2


MISTAKES: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "The package acme_b offers cells in acme_b, but acme_b has no folder conf/cell with YAML files": (
        {f"{CELLS}/acme": "acme_b"},
        {},
    ),
    "The package acme_c offers cells in absent, but absent has no folder conf/cell": ({f"{CELLS}/c": "absent"}, {}),
    "The package acme_d has the file conf/cell/lstm.yaml, and gatebench has one of this name, which would be hidden": (
        {f"{CELLS}/acme": "acme_d"},
        {"conf/cell/lstm.yaml": LEAKY},
    ),
    "The package acme_e has the file conf/task/digits.yaml, and gatebench has one": (
        {f"{TASKS}/acme": "acme_e"},
        {"conf/task/digits.yaml": ODD},
    ),
}


@pytest.mark.parametrize("message", MISTAKES)
def test_a_package_with_wrong_configs_is_named(
    message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install(tmp_path, monkeypatch, message.split()[2], *MISTAKES[message])
    with pytest.raises(UserError) as caught:
        cell_names()
    assert str(caught.value).startswith(message)
    assert main(["plan", "cell=lstm"]) == 2
    assert capsys.readouterr().err.startswith(f"gatebench: {message}")


def test_two_packages_have_no_file_of_the_same_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("acme_f", "acme_g"):
        install(tmp_path, monkeypatch, name, {f"{CELLS}/acme": name}, {"conf/cell/acme_leaky.yaml": LEAKY})
    with pytest.raises(UserError, match=r"acme_g has the file conf/cell/acme_leaky.yaml, and acme_f has one of this"):
        cell_names()


def test_a_task_has_the_name_of_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"conf/task/odd.yaml": ODD.replace("name: odd\n", "")}
    install(tmp_path, monkeypatch, "acme_m", {f"{TASKS}/acme": "acme_m"}, files)
    with pytest.raises(UserError, match=r"conf/task/odd\.yaml has a task of the name 'task'; write name: odd into it"):
        config_folders()


def test_a_cell_has_the_name_of_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, "acme_h", {f"{CELLS}/acme": "acme_h"}, {"conf/cell/other.yaml": LEAKY})
    with pytest.raises(UserError, match=r"acme_h/conf/cell/other\.yaml has the name 'acme_leaky'; it must be 'other'"):
        cell_names()


BROKEN: Mapping[str, tuple[str, str]] = {
    "acme_i": ("raise ValueError('no GPU\\nhere')\n", "cannot be imported from acme_i.loop: no GPU here."),
    "acme_j": ("NAME = 'acme_loop'\n", "has no DESCRIPTION, refuses_cell, refuses, run, so that acme_j.loop is no"),
    "acme_k": (BACKEND.replace('"acme_loop", "the', '"other", "the'), "has the NAME 'other'; it must be 'acme_loop'"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_backend_is_named(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, message = BROKEN[name]
    install(tmp_path, monkeypatch, name, {f"{BACKENDS}/acme_loop": f"{name}.loop"}, {"loop.py": code})
    with pytest.raises(UserError) as caught:
        find("acme_loop")
    assert str(caught.value).startswith(f"The backend 'acme_loop' of the package {name} {message}")
    assert "\n" not in str(caught.value)
