"""Whether JAX can be timed here, and how its threads are limited. This module imports neither JAX nor torch."""

from __future__ import annotations

import os
from importlib.util import find_spec


def jax_trouble() -> str | None:
    """Return why JAX cannot be timed here, as one sentence, or None if it can."""
    if find_spec("jax") is None:
        return "The baseline jax needs the package jax, which is not installed: pip install 'gatebench[jax]'."
    if not hasattr(os, "sched_setaffinity"):
        return "The baseline jax needs a system that can bind a process to cores, such as Linux."
    return None


def bind_to_cores(threads: int) -> None:
    """Bind this process to some of its cores, as many as `threads`.

    JAX has no setting that limits all of its threads. It chooses the sizes of its thread pools by the number of cores
    when it first computes, so this must be called before.
    """
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cores[-threads:])
