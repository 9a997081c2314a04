"""What the other process answers."""

import pytest
import torch

from gatebench.machine.peak_memory import trouble
from gatebench.speed.worker_process import ANSWERS, Worker

ORDER = {"cell": {"base": "gru"}, "runner": "torch", "trace": False, "shape": [6, 3, 2, 4], "keep": False}


@pytest.fixture
def apart() -> Worker:
    return Worker(ORDER | {"threads": torch.get_num_threads()})


def test_it_says_what_is_kept_and_how_long_a_step_takes(apart: Worker) -> None:
    assert ANSWERS["kept"](apart)["kept"] > 0
    assert 0 < ANSWERS["turn"](apart)["seconds"] < 10


@pytest.mark.skipif(trouble() is not None, reason=str(trouble()))
def test_it_says_how_much_memory_a_step_needs(apart: Worker) -> None:
    assert 0 <= ANSWERS["peak"](apart)["bytes"] < 100e6
