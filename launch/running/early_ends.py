"""Why an attempt ended early: its Ray task ended without an outcome, or memory ran out in it."""

from launch.running.ray_cluster import first_line  # before ray: it sets Ray up

# isort: split
from ray.exceptions import NodeDiedError, OutOfMemoryError, RayError, WorkerCrashedError

from gatebench.ranks import RankLost
from launch.running.retries import Cause

EARLY_ENDS = (MemoryError, RankLost, RayError)
"""The exceptions that Ray raises in place of the result of such a task."""

_MEMORY_ERRORS = ("MemoryError", "OutOfMemoryError", "OSError: [Errno 12]")  # the second one is torch's, for a GPU
_CPU_ALLOCATOR = "DefaultCPUAllocator"  # in the RuntimeError that torch raises if the machine has no memory left


def early_end(error: Exception) -> tuple[Cause, str]:
    """Return the cause, and a sentence about it, for an exception of `EARLY_ENDS`."""
    if isinstance(error, MemoryError):  # outside of the training, whose errors are outcomes
        return "memory", "The trial's process had no memory to begin or to end."
    if isinstance(error, OutOfMemoryError):
        return "memory", "The machine ran out of memory, and Ray ended the trial's process."
    if isinstance(error, WorkerCrashedError):
        return "crash", "The trial's process died: it was killed, or it crashed."
    if isinstance(error, NodeDiedError):
        return "crash", "The machine of the trial died, or the network to it."
    if isinstance(error, RankLost):
        return "crash", str(getattr(error, "cause", error))
    return "crash", f"Ray lost the trial ({first_line(error)})."


def is_memory_error(sentence: str) -> bool:
    """Return whether the sentence of a failed trial tells that memory has run out."""
    return sentence.startswith(_MEMORY_ERRORS) or _CPU_ALLOCATOR in sentence
