import pytest

# isort: split
from launch.running.ray_cluster import first_line  # before ray: it sets Ray up

# isort: split
from ray.exceptions import NodeDiedError, OutOfMemoryError, RayError, WorkerCrashedError

from gatebench.ranks import RankLost
from launch.running.early_ends import EARLY_ENDS, early_end, is_memory_error
from launch.running.retries import Cause


@pytest.mark.parametrize(
    ("error", "cause", "text"),
    [
        (MemoryError(), "memory", "The trial's process had no memory"),
        (OutOfMemoryError("killed"), "memory", "The machine ran out of memory"),
        (WorkerCrashedError(), "crash", "The trial's process died"),
        (NodeDiedError("gone"), "crash", "The machine of the trial died"),
        (RankLost("A rank is lost."), "crash", "A rank is lost."),
        (RayError("a\nb"), "crash", f"Ray lost the trial ({first_line(RayError('a'))})."),
    ],
)
def test_each_end_has_a_cause_and_a_sentence(error: Exception, cause: Cause, text: str) -> None:
    assert isinstance(error, EARLY_ENDS)
    found, sentence = early_end(error)
    assert found == cause
    assert sentence.startswith(text)


def test_the_memory_that_torch_does_not_get_is_memory_that_ran_out() -> None:
    sentence = (
        "RuntimeError: [enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: you "
        "tried to allocate 67108864 bytes. Error code 12 (Cannot allocate memory)"
    )
    assert is_memory_error(sentence)
    assert is_memory_error("MemoryError: no message")
    assert is_memory_error("OSError: [Errno 12] Cannot allocate memory")
    assert not is_memory_error("RuntimeError: Shapes differ.")
