"""A Ray cluster of several nodes on this machine, in a process of its own: python -m tests.torture.ray_nodes FOLDER.

The program writes the address of the cluster to FOLDER/address. For each file FOLDER/remove-N it kills node N, and for
FOLDER/add it starts another node. Then it removes the file. At the end of its input it ends the cluster.
"""

import sys
import time
from pathlib import Path
from threading import Event, Thread

from tests.torture.place import Place, wait_until

NODES = 2
"""The number of nodes for trials at the start, of one core each. The node of the driver runs no trials."""

_LONGEST = 180.0  # seconds that the cluster may take for a start, or for an order


class RayNodes:
    """A running cluster. The sweeps of the round use it from now on.

    Args:
        place: the folders and the processes of the round.

    Raises:
        AssertionError: it does not start.
    """

    def __init__(self, place: Place) -> None:
        self._folder = place.root / f"ray-{len(place.services)}"
        self._folder.mkdir()
        self._command = place.serve("ray", ["-m", "tests.torture.ray_nodes", str(self._folder)])
        address = self._folder / "address"
        wait_until(lambda: address.exists() or not self._command.runs, _LONGEST)
        assert address.exists(), f"Ray does not start: {self._command.text[-2000:]}"
        place.more = (f"ray_address={address.read_text()}",)

    def remove(self, number: int) -> None:
        """Kill the processes of a node, from 0 to `NODES` - 1."""
        self._order(f"remove-{number}")

    def add(self) -> None:
        """Start another node."""
        self._order("add")

    def _order(self, name: str) -> None:
        file = self._folder / name
        file.touch()
        wait_until(lambda: not file.exists() or not self._command.runs, _LONGEST)
        assert not file.exists(), f"{name}: {self._command.text[-2000:]}"


def main(folder: Path) -> None:
    """Run the cluster until the end of the input."""
    from ray.cluster_utils import Cluster

    ended = Event()
    Thread(target=_await_end_of_input, args=(ended,), daemon=True).start()
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    try:
        nodes = [cluster.add_node(num_cpus=1) for _ in range(NODES)]
        cluster.wait_for_nodes()
        (folder / "new").write_text(cluster.address)
        (folder / "new").rename(folder / "address")
        while not ended.is_set():
            for file in [*folder.glob("remove-*"), *folder.glob("add")]:
                if file.name == "add":
                    nodes.append(cluster.add_node(num_cpus=1))
                else:
                    cluster.remove_node(nodes[int(file.name.removeprefix("remove-"))], allow_graceful=False)
                file.unlink()
            time.sleep(0.02)
    finally:
        cluster.shutdown()


def _await_end_of_input(ended: Event) -> None:
    sys.stdin.read()
    ended.set()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
