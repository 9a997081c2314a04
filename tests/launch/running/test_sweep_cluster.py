import socket

import pytest

from gatebench.errors import UserError
from launch.running.resources import Resources
from launch.running.sweep_cluster import SweepCluster
from tests.launch.trials import trial


def test_the_error_of_the_start_is_raised_where_the_cluster_is_used() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))  # bound and not listening: nobody else answers there
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        with (
            SweepCluster([trial(), trial(seed=1)], Resources(address=address)) as cluster,
            pytest.raises(UserError, match="Ray cannot be reached"),
        ):
            cluster.mailbox()
        assert cluster.requests == [{"CPU": 1.0, "GPU": 0.0}]
