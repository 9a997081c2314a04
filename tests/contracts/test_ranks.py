"""Every task on two ranks has the loss curve, the scores and the gates of one process."""

import json
import os
import subprocess
import sys
from contextlib import ExitStack
from math import inf, isnan
from pathlib import Path
from typing import Any

import pytest

from gatebench.ranks import reserved_port
from tests.contracts.rank_curves import NAMES
from tests.contracts.test_tasks import CONFIGS
from tests.paths import ROOT

WORLD = 2
TOLERANCE = 1e-5
"""The largest relative difference of a loss or a metric: float32, and other sizes of products of matrices."""


def run_all(world: int, folder: Path) -> dict[str, Any]:
    """Return the curves of all tasks, as the first of some ranks has sent them."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "GATEBENCH_TASKS": "tests"}
    command = [sys.executable, "-W", "ignore", "-m", "tests.contracts.rank_curves"]
    with ExitStack() as stack:
        ports = ",".join(str(stack.enter_context(reserved_port("127.0.0.1"))) for _ in NAMES)
        processes = [
            subprocess.Popen([*command, str(rank), str(world), ports, str(folder)], env=environment, cwd=ROOT)
            for rank in range(world)
        ]
        try:
            assert [process.wait(timeout=1500) for process in processes] == [0] * world
        finally:
            for process in processes:
                process.kill()
    found: dict[str, Any] = json.loads((folder / f"{world}.json").read_text())
    return found


def test_every_task_is_among_them() -> None:
    assert set(CONFIGS) == set(NAMES)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_two_ranks_have_the_curves_of_one(tmp_path: Path) -> None:
    one, two = run_all(1, tmp_path), run_all(WORLD, tmp_path)
    largest = {}
    for name in NAMES:
        (epochs, scores), (others, other_scores) = one[name], two[name]
        assert len(epochs) == len(others)
        pairs = [*zip(epochs, others, strict=True), (scores, other_scores)]
        assert all(alone.keys() == shared.keys() for alone, shared in pairs)
        losses = [difference(alone["train/loss"], shared["train/loss"]) for alone, shared in pairs[:-1]]
        metrics = [difference(value, shared[key]) for alone, shared in pairs for key, value in alone.items()]
        largest[name] = max(losses), max(metrics)
        print(f"{name:20} largest difference of the loss {max(losses):.1e}, of a metric {max(metrics):.1e}")
    assert all(metric < TOLERANCE for _, metric in largest.values()), largest


def difference(one: float, two: float) -> float:
    """Return the difference relative to the larger one, or to 1 if both are smaller. Two NaNs do not differ."""
    if isnan(one) or isnan(two):
        return 0.0 if isnan(one) == isnan(two) else inf
    return abs(one - two) / max(1.0, abs(one), abs(two))
