import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebench import task_modules
from gatebench.errors import UserError
from gatebench.packages import TASKS
from gatebench.task_modules import VARIABLE, split_target
from tests.paths import ROOT


@pytest.fixture(autouse=True)
def without_further_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)


@pytest.fixture
def trap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a file that appears if one of the modules `trap_module` and `trap_package.inner` is imported."""
    sprung = tmp_path / "sprung"
    code = f"open({str(sprung)!r}, 'w').close()\n"
    (tmp_path / "trap_module.py").write_text(code)
    (tmp_path / "trap_package").mkdir()
    (tmp_path / "trap_package" / "__init__.py").write_text(code)
    (tmp_path / "trap_package" / "inner.py").write_text(code)
    monkeypatch.syspath_prepend(str(tmp_path))
    return sprung


def refusal(target: object) -> str:
    with pytest.raises(UserError) as caught:
        split_target(target)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_task_of_gatebench_is_allowed() -> None:
    assert split_target("tasks.images.digits.Digits") == ("tasks.images.digits", "Digits")


@pytest.mark.parametrize(
    "target",
    [
        "this",
        "",
        ".",
        "..tasks",
        "tasks.",
        ".tasks.Digits",
        "tasks/images/digits.Digits",
        "tasks..digits.Digits",
        None,
        3,
        "tasks.images.digits:Digits",
        "tasks.images.digits.Digits ",
        "tasks.1.Digits",
        "a." * 1000 + "b",
        ["tasks.a"],
        "a\n.b",
    ],
)
def test_a_target_that_is_no_dotted_name_is_refused(target: object) -> None:
    assert "it must name a task's class, like" in refusal(target)


@pytest.mark.parametrize("target", ["this.s", "os.system", "gatebench.task.Task", "tasksx.Digits", "antigravity.x"])
def test_a_package_that_is_not_allowed_is_refused(target: str) -> None:
    assert "below tasks, or below a package that GATEBENCH_TASKS" in refusal(target)


def test_a_module_that_is_no_file_is_refused() -> None:
    assert "there is no module 'tasks.nothing'" in refusal("tasks.nothing.Digits")


def test_a_refused_module_is_not_imported(trap: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for target in ("trap_module.Task", "trap_package.Task", "trap_package.inner.Task"):
        refusal(target)
    monkeypatch.setenv(VARIABLE, "trap_package")
    assert "there is no module" in refusal("trap_package.absent.Task")
    assert split_target("trap_package.inner.Task") == ("trap_package.inner", "Task")
    assert not trap.exists()


@pytest.mark.usefixtures("trap")
def test_the_environment_allows_a_package_or_a_module(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "other, trap_module ,trap_package.inner")
    assert split_target("trap_module.Task") == ("trap_module", "Task")
    assert split_target("trap_package.inner.Task") == ("trap_package.inner", "Task")
    refusal("trap_package.Task")
    refusal("other.Task")


@pytest.mark.usefixtures("trap")
def test_an_installed_plugin_allows_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    plugin = EntryPoint("mine", "trap_package", TASKS)
    monkeypatch.setattr(task_modules, "offers", lambda group: [plugin] if group == plugin.group else [])
    task_modules._split_allowed.cache_clear()
    assert split_target("trap_package.inner.Task") == ("trap_package.inner", "Task")
    task_modules._split_allowed.cache_clear()


@given(st.text(max_size=60))
def test_any_text_is_a_target_of_tasks_or_is_refused(text: str) -> None:
    try:
        module, name = split_target(text)
    except UserError:
        return
    assert text == f"{module}.{name}"
    assert module.split(".")[0] == "tasks"


def test_the_command_runs_no_other_module() -> None:
    command = [sys.executable, "-c", "from launch.main import main; raise SystemExit(main())"]
    done = subprocess.run(
        [*command, "plan", "task._target_=this.s"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "Zen of Python" not in done.stdout
    assert done.stderr.count("\n") == 1
