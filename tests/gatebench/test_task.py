from pathlib import Path

import pytest

from gatebench.errors import UserError
from gatebench.task import build_task
from gatebench.trial import Trial


def test_a_config_becomes_its_task() -> None:
    task = build_task({"_target_": "tasks.images.digits.Digits", "split_seed": 3})
    assert task.name == "digits"
    assert task.parameters() == {"split_seed": 3}


def test_a_config_may_name_its_task() -> None:
    task = build_task({"_target_": "tasks.images.digits.Digits", "name": "mine", "split_seed": 3})
    assert (task.name, task.label) == ("mine", "mine[split_seed=3]")
    assert task.parameters() == {"split_seed": 3}


def test_two_tasks_of_a_module_need_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "two_own_tasks.py").write_text(
        "from tasks.images.digits import Digits\nclass One(Digits): ...\nclass Two(Digits): ...\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("GATEBENCH_TASKS", "two_own_tasks")
    with pytest.raises(UserError, match=r"two_own_tasks has several tasks \(One, Two\); .* as in name: one\."):
        build_task({"_target_": "two_own_tasks.One"})
    trials = [
        Trial({"base": "lstm"}, {"_target_": f"two_own_tasks.{name}", "name": name.lower()}) for name in ("One", "Two")
    ]
    assert [trial.build_task().name for trial in trials] == ["one", "two"]
    assert trials[0].digest != trials[1].digest
    assert build_task({"_target_": "tasks.images.digits.Digits"}).name == "digits"


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({}, "must name a task's class"),
        ({"_target_": "Digits"}, "must name a task's class"),
        ({"_target_": "tasks.images.digits.Nothing"}, "must name a task's class"),
        ({"_target_": "tasks.nothing.Digits"}, "must name a task's class"),
        ({"_target_": "os.system"}, "below tasks, or below a package that GATEBENCH_TASKS"),
        ({"_target_": "tasks.images.digits.Path"}, "is not a task"),
        ({"_target_": "tasks.images.digits.Task"}, "is not a task"),
        ({"_target_": "tasks.images.digits.Digits", "name": "a b"}, "task.name is 'a b'; it must be a word of letters"),
        ({"_target_": "tasks.images.digits.Digits", "name": 3}, "task.name is 3"),
        ({"_target_": "tasks.images.digits.Digits", "split_sed": 0}, "did you mean 'split_seed'"),
        ({"_target_": "tasks.images.digits.Digits", "split_seed": -1}, "split_seed"),
    ],
)
def test_what_is_no_task_is_refused_in_a_sentence(config: dict[str, object], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        build_task(config)
