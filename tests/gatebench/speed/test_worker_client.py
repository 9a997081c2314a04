"""A candidate in a separate process: it answers, it is idle between two requests, and its end raises an error."""

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gatebench import load_cell
from gatebench.speed.benchmark import TORCH_PLAIN, candidates
from gatebench.speed.layer_case import LayerCase
from gatebench.speed.runner import find_runner
from gatebench.speed.shape import Shape
from gatebench.speed.worker_client import WorkerClient, WorkerEnded

SHAPE = Shape(60, 16, 8, 32)
TORCH = next(one for one in candidates({"base": "lstm"}, ["manual"], [TORCH_PLAIN], [False]) if one.separate_process)


@pytest.fixture(scope="module")
def worker() -> Iterator[WorkerClient]:
    with WorkerClient(TORCH, SHAPE, 2, keep_memory=False) as worker:
        yield worker


def test_it_runs_the_same_step_as_this_process(worker: WorkerClient) -> None:
    assert worker.kept_bytes() == find_runner("torch").prepare(LayerCase(load_cell("lstm"), SHAPE), False).kept_bytes()
    assert 0 < worker.step_seconds() < 10


def processor_seconds(worker: WorkerClient) -> float:
    fields = Path(f"/proc/{worker._process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_it_uses_no_core_between_two_requests(worker: WorkerClient) -> None:
    before = processor_seconds(worker)
    worker.step_seconds()
    time.sleep(0.1)
    after = processor_seconds(worker)
    assert after > before
    time.sleep(0.4)
    assert processor_seconds(worker) - after < 0.1


def test_it_has_its_own_process_group_so_ctrl_c_does_not_reach_it(worker: WorkerClient) -> None:
    assert os.getpgid(worker._process.pid) == worker._process.pid != os.getpgrp()


def test_an_error_in_the_worker_is_raised_here() -> None:
    with pytest.raises(WorkerEnded, match=r"^The process of torch plain failed: UserError: .*'nothing'.*\.$"):
        WorkerClient(replace(TORCH, cell={"base": "nothing"}), SHAPE, 1, keep_memory=False)


def test_the_end_of_the_worker_is_raised_here(worker: WorkerClient) -> None:
    worker._process.kill()
    with pytest.raises(WorkerEnded, match=r"ended with code -9\.$"):
        worker.step_seconds()
