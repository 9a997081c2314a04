import socket
import time

import pytest

from gatebench.errors import UserError
from launch.running import ray_cluster
from launch.running.resources import Resources


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
