"""On what a run ran: versions, machine, code."""

import os
import platform
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("gatebench", "torch", "pytorch-lightning", "numpy")


@cache
def facts() -> dict[str, str]:
    """Return what a reader needs to judge whether two runs are comparable, as {name: text}."""
    found = {f"version/{package}": _version(package) for package in PACKAGES}
    found |= {"version/python": platform.python_version(), "host": platform.node(), "platform": platform.platform()}
    found |= {"processor": _processor(), "cores": str(os.cpu_count()), "commit": _commit()}
    return found


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _commit() -> str:
    """Return the commit of the code, with "+changes" where files differ from it; "unknown" outside of a checkout."""
    here = Path(__file__).parent
    git = ["git", "-C", str(here)]
    try:
        commit = subprocess.run(
            [*git, "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, timeout=10, check=True
        )
        dirty = subprocess.run(
            [*git, "status", "--porcelain", "--untracked-files=no"], capture_output=True, text=True, timeout=10
        )
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return commit.stdout.strip() + ("+changes" if dirty.stdout.strip() else "")
