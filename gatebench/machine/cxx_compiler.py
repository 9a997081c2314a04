"""The C++ compiler that `torch.compile` needs. Without torch, because a plan asks for it."""

import os
import shutil
import sys


def compile_refusal() -> str:
    """Return why `training.compile=true` is refused on this machine, as one sentence; "" if it is not.

    The compiler is `$CXX`, or `g++`; on macOS `clang++`. torch starts the content of `$CXX` as one program without
    arguments.
    """
    command = os.environ.get("CXX", "clang++" if sys.platform == "darwin" else "g++")
    if shutil.which(command) is not None:
        return ""
    return (
        f"training.compile=true needs a C++ compiler, and {command!r} is no program on the path; install it, name "
        "another one in the variable CXX, without arguments, or leave training.compile out."
    )
