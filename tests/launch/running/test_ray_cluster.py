import socket
import time
from typing import Any

import pytest

from gatebench.errors import Refusal, UserError
from gatebench.trial import Training, Trial
from launch.running import ray_cluster
from launch.running.ray_cluster import Resources, check_resources
from tests.launch.trials import trial


class Grid:
    """A cluster with these machines, as far as `ray.nodes` tells."""

    def __init__(self, *machines: dict[str, float]) -> None:
        self.machines = machines

    def nodes(self) -> list[dict[str, Any]]:
        return [{"Alive": True, "Resources": machine} for machine in self.machines]


def test_a_request_that_no_machine_can_meet_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_cluster, "ray", Grid({"CPU": 4.0}, {"CPU": 2.0, "GPU": 1.0}))
    check_resources([{"CPU": 4.0, "GPU": 0.0}, {"CPU": 2.0, "GPU": 1.0}])
    with pytest.raises(Refusal) as caught:
        check_resources([{"CPU": 4.0, "GPU": 1.0}])
    assert str(caught.value) == (
        "A trial needs 4 CPUs and 1 GPU on one machine; the most that a machine has is 4 CPUs, 1 GPUs."
    )


def test_a_trial_on_the_gpu_needs_one_unless_configured_otherwise() -> None:
    on_gpu = Trial(trial().cell, trial().task, training=Training(device="cuda"))
    assert Resources().of(trial()) == {"CPU": 1.0, "GPU": 0.0}
    assert Resources().of(on_gpu) == {"CPU": 1.0, "GPU": 1.0}
    assert Resources(gpus=0.25, cpus=2).of(on_gpu) == {"CPU": 2.0, "GPU": 0.25}


def test_a_cluster_that_does_not_answer_is_told_at_once() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))  # bound and not listening: nobody else answers there
        began = time.monotonic()
        resources = Resources(address=f"127.0.0.1:{silent.getsockname()[1]}")
        with (
            pytest.raises(UserError, match=r"Ray cannot be reached at 127\.0\.0\.1:\d+ .*RAY_AUTH_MODE=token"),
            ray_cluster.open_cluster(resources),
        ):
            pass
    assert time.monotonic() - began < ray_cluster.CONNECT_SECONDS
