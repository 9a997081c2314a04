"""Whether this process is a fork of another Python process.

The threads of the parent do not exist in a fork, and GNU OpenMP waits for them forever.
"""

import os

_is_fork = False


def is_fork() -> bool:
    """Return whether this process was made by `os.fork` and has started no new program since."""
    return _is_fork


def _after_fork() -> None:
    global _is_fork
    _is_fork = True


os.register_at_fork(after_in_child=_after_fork)
