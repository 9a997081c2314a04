import pytest

from gatebench.errors import UserError
from gatebench.trial import Training
from launch.config.device_counts import check_gpus


@pytest.mark.parametrize(
    ("training", "gpus"),
    [
        (Training(), None),
        (Training(), 0),
        (Training(device="cuda"), 0.5),
        (Training(device="cuda", devices=2), None),
        (Training(device="cuda", devices=2, nodes=3), 6),
        (Training(devices=2), 0),
    ],
)
def test_the_reserved_gpus_are_those_that_are_used(training: Training, gpus: float | None) -> None:
    check_gpus(training, gpus)


@pytest.mark.parametrize(
    ("training", "gpus", "used"),
    [
        (Training(device="cuda"), 2, 1),
        (Training(device="cuda", devices=2), 1, 2),
        (Training(device="cuda", devices=2), 0.5, 2),
        (Training(devices=2), 2, 0),
    ],
)
def test_a_contradiction_is_one_sentence(training: Training, gpus: float, used: int) -> None:
    with pytest.raises(UserError, match=f"^gpus_per_trial is {gpus:g}, but .* use {used}; leave gpus_per_trial out"):
        check_gpus(training, gpus)
