import pytest

from gatebench.errors import UserError
from gatebench.trial import Training
from launch.config.replica_count import AUTO, check_replicas, replicas_of, replicas_sentence


def test_a_number_or_auto_is_allowed() -> None:
    for setting in (1, 4, AUTO):
        check_replicas(setting)
    for wrong in (0, -1, "all", "2", True):
        with pytest.raises(UserError, match=r"^replicas is .*a whole number of at least 1, or auto"):
            check_replicas(wrong)


def test_auto_depends_on_the_device_and_some_trials_are_always_alone() -> None:
    assert replicas_of(AUTO, Training()) == 1
    assert replicas_of(AUTO, Training(device="cuda")) > 1
    assert replicas_of(3, Training()) == 3
    assert replicas_of(3, Training(devices=2)) == 1
    assert replicas_of(3, Training(compile=True)) == 1


def test_the_plan_tells_who_shares_a_process() -> None:
    assert replicas_sentence(1, [Training()]) is None
    assert replicas_sentence(3, [Training(), Training(compile=True)]) == "replicas=3: up to 3 trials share a process."
    alone = "replicas=auto: each of these trials has a process of its own."
    assert replicas_sentence(AUTO, [Training()]) == alone
    assert replicas_sentence(AUTO, []) == alone
