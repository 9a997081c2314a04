"""The answers of the worker process."""

from dataclasses import replace

import pytest
import torch

from gatebench.machine.peak_memory import unavailable_reason
from gatebench.speed.worker_process import ANSWERS, Worker

ORDER = {
    "name": "torch",
    "cell": {"base": "gru"},
    "runner": "torch",
    "precision": "32-true",
    "trace": False,
    "shape": [6, 3, 2, 4],
    "keep_memory": False,
}


@pytest.fixture
def worker() -> Worker:
    return Worker(ORDER | {"threads": torch.get_num_threads()})


def test_it_measures_kept_memory_and_time(worker: Worker) -> None:
    assert ANSWERS["kept"](worker)["bytes"] > 0
    assert 0 < ANSWERS["wall time"](worker)["seconds"] < 10
    assert 0 < ANSWERS["processor time"](worker)["seconds"] < 10


def test_it_compares_its_results_with_the_reference(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ANSWERS["agreement"](worker) == {"message": None}
    assert ANSWERS["compiled"](worker) == {"seconds": None}
    wrong = worker._step.result()
    wrong.values["output"] += 1
    monkeypatch.setattr(worker, "_step", replace(worker._step, result=lambda: wrong))
    assert ANSWERS["agreement"](worker)["message"].startswith("torch differs from the reference in output")


@pytest.mark.skipif(unavailable_reason() is not None, reason=str(unavailable_reason()))
def test_it_measures_peak_memory(worker: Worker) -> None:
    assert 0 <= ANSWERS["peak"](worker)["bytes"] < 100e6
