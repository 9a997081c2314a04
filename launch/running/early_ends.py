"""Why a Ray task ended without the ends of its trials."""

from launch.running.ray_cluster import first_line  # before ray: it sets Ray up

# isort: split
from ray.exceptions import NodeDiedError, OutOfMemoryError, RayError, WorkerCrashedError

from gatebench.ranks import RankLost
from launch.running.retries import Cause

EARLY_ENDS = (MemoryError, RankLost, RayError)
"""The exceptions that Ray raises in place of the result of such a task."""


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
