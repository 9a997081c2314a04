import pytest
from ray._private import ray_constants
from ray._private import worker as ray_worker
from ray._private.node import Node

from launch.running.local_node import no_messages, small_local_node


def test_ray_is_as_before_after_the_block() -> None:
    before = (ray_constants.ENABLE_RAY_CLUSTER, Node.start_monitor, Node.start_api_server, Node.start_log_monitor)
    with small_local_node():
        assert not ray_constants.ENABLE_RAY_CLUSTER
        assert before[1] is not Node.start_monitor
    after = (ray_constants.ENABLE_RAY_CLUSTER, Node.start_monitor, Node.start_api_server, Node.start_log_monitor)
    assert after == before


def test_ray_prints_nothing_in_the_block(capsys: pytest.CaptureFixture[str]) -> None:
    data = {"lines": ["A worker died."], "pid": "raylet", "is_err": False}
    with no_messages():
        ray_worker.print_to_stdstream(data, ignore_prefix=False)
    assert capsys.readouterr().out == ""
    ray_worker.print_to_stdstream(data, ignore_prefix=False)
    assert "A worker died." in capsys.readouterr().out
