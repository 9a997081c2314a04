"""A contestant in a process of its own: it answers, it idles between two turns, and its end is told in a sentence."""

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gatebench import load_cell
from gatebench.speed.benchmark import PLAIN, candidates
from gatebench.speed.layer_step import LayerCase
from gatebench.speed.runner import find_runner
from gatebench.speed.shape import Shape
from gatebench.speed.worker_client import WorkerClient, WorkerEnded

SHAPE = Shape(60, 16, 8, 32)
TORCH = next(one for one in candidates({"base": "lstm"}, ["manual"], [PLAIN], [False]) if one.apart)


@pytest.fixture(scope="module")
def child() -> Iterator[WorkerClient]:
    with WorkerClient(TORCH, SHAPE, 2, keep=False) as child:
        yield child


def test_it_runs_what_this_process_would_run(child: WorkerClient) -> None:
    assert child.kept() == find_runner("torch").ready(LayerCase(load_cell("lstm"), SHAPE), False).kept()
    assert 0 < child.turn() < 10


def processor_seconds(child: WorkerClient) -> float:
    fields = Path(f"/proc/{child._process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="only Linux tells of other processes")
def test_it_takes_no_core_between_two_turns(child: WorkerClient) -> None:
    before = processor_seconds(child)
    child.turn()
    time.sleep(0.1)
    after = processor_seconds(child)
    assert after > before
    time.sleep(0.4)
    assert processor_seconds(child) - after < 0.1


def test_it_is_no_fork_and_out_of_reach_of_ctrl_c(child: WorkerClient) -> None:
    assert os.getpgid(child._process.pid) == child._process.pid != os.getpgrp()


def test_what_fails_there_is_a_sentence_here() -> None:
    with pytest.raises(WorkerEnded, match=r"^The process of torch plain failed: UserError: .*'nothing'.*\.$"):
        WorkerClient(replace(TORCH, cell={"base": "nothing"}), SHAPE, 1, keep=False)


def test_its_end_is_a_sentence(child: WorkerClient) -> None:
    child._process.kill()
    with pytest.raises(WorkerEnded, match=r"ended with code -9\.$"):
        child.turn()
