"""The answers of the worker process."""

import pytest
import torch

from gatebench.machine.peak_memory import unavailable_reason
from gatebench.speed.worker_process import ANSWERS, Worker

ORDER = {"cell": {"base": "gru"}, "runner": "torch", "trace": False, "shape": [6, 3, 2, 4], "keep_memory": False}


@pytest.fixture
def worker() -> Worker:
    return Worker(ORDER | {"threads": torch.get_num_threads()})


def test_it_measures_kept_memory_and_time(worker: Worker) -> None:
    assert ANSWERS["kept"](worker)["bytes"] > 0
    assert 0 < ANSWERS["time"](worker)["seconds"] < 10


@pytest.mark.skipif(unavailable_reason() is not None, reason=str(unavailable_reason()))
def test_it_measures_peak_memory(worker: Worker) -> None:
    assert 0 <= ANSWERS["peak"](worker)["bytes"] < 100e6
