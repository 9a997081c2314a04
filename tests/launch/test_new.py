from pathlib import Path

import pytest

from gatebench.cells import load_cell
from gatebench.errors import UserError
from launch import new
from launch.config.compose import expand


def test_a_new_cell_can_be_chosen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert new.run(["cell", "leaky", f"folder={tmp_path}"]) == 0
    assert f"gatebench train cell=leaky --config-dir {tmp_path}" in capsys.readouterr().out
    assert list(expand(["cell=leaky"], tmp_path).cells) == ["leaky[i=1]"]
    assert load_cell(tmp_path / "cell" / "leaky.yaml").digest == load_cell("lstm_no_input").digest
    with pytest.raises(UserError, match="exists already; choose another name or another folder"):
        new.run(["cell", "leaky", f"folder={tmp_path}"])


def test_a_new_task_can_be_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert new.run(["task", "my_new_task", f"folder={tmp_path}"]) == 0
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("GATEBENCH_TASKS", "my_new_task")
    (trial,) = expand(["task=my_new_task"], tmp_path).trials
    task = trial.build_task()
    assert (task.name, task.label) == ("my_new_task", "my_new_task")


@pytest.mark.parametrize("kind", ["cell", "task"])
def test_the_written_tests_pass(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"written_{kind}"
    new.run([kind, name, f"folder={tmp_path}"])
    monkeypatch.syspath_prepend(tmp_path)
    test = tmp_path / f"test_{name}.py"
    names = {"__file__": str(test)}
    exec(compile(test.read_text(encoding="utf-8"), test, "exec"), names)
    (found,) = [value for key, value in names.items() if key.startswith("test_")]
    found()  # type: ignore[operator]


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["cell"], "gatebench new needs a kind and a name"),
        (["tsk", "a"], "There is no kind 'tsk' of gatebench new; did you mean 'task'"),
        (["cell", "../a"], r"The name is '\.\./a'; it must be a word of a-z"),
        (
            ["cell", "lstm"],
            "that is no cell of gatebench",
        ),
        (["task", "digits"], "that is no task of gatebench"),
        (["task", "json"], "There is a Python module json already"),
        (["cell", "a", "foldr=b"], "There is no setting 'foldr' of gatebench new; did you mean 'folder'"),
    ],
)
def test_mistakes_are_one_sentence(argv: list[str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        new.run(argv)
