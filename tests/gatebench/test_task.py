import pytest

from gatebench.errors import UserError
from gatebench.task import build_task


def test_a_config_becomes_its_task() -> None:
    task = build_task({"_target_": "tasks.images.digits.Digits", "split_seed": 3})
    assert task.name == "digits"
    assert task.parameters() == {"split_seed": 3}


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
        ({"_target_": "tasks.images.digits.Digits", "split_sed": 0}, "did you mean 'split_seed'"),
        ({"_target_": "tasks.images.digits.Digits", "split_seed": -1}, "split_seed"),
    ],
)
def test_what_is_no_task_is_refused_in_a_sentence(config: dict[str, object], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        build_task(config)
