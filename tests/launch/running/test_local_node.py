from ray._private import ray_constants
from ray._private.node import Node

from launch.running.local_node import small_local_node


def test_ray_is_as_before_after_the_block() -> None:
    before = (ray_constants.ENABLE_RAY_CLUSTER, Node.start_monitor, Node.start_api_server, Node.start_log_monitor)
    with small_local_node():
        assert not ray_constants.ENABLE_RAY_CLUSTER
        assert before[1] is not Node.start_monitor
    after = (ray_constants.ENABLE_RAY_CLUSTER, Node.start_monitor, Node.start_api_server, Node.start_log_monitor)
    assert after == before
