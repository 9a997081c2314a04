"""Facts about the machine and the code that a run uses: versions, processor, commit."""

import os
import platform
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("gatebench", "torch", "pytorch-lightning", "numpy")
"""The packages whose versions are recorded."""


@cache
def machine_facts() -> dict[str, str]:
    """Return the facts by name: "version/torch", "host", "platform", "processor", "cores", "commit" and others.

    They show whether two runs are comparable.
    """
    facts = {f"version/{package}": package_version(package) for package in PACKAGES}
    facts |= {"version/python": platform.python_version(), "host": platform.node(), "platform": platform.platform()}
    facts |= {"processor": _processor(), "cores": str(os.cpu_count()), "commit": _commit()}
    return facts


def package_version(package: str) -> str:
    """Return the version of an installed package; "not installed" if it is missing."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _commit() -> str:
    """Return the commit of the code, with "+changes" if files differ from it; "unknown" outside of a checkout."""
    folder = Path(__file__).parent
    git = ["git", "-C", str(folder)]
    try:
        commit = subprocess.run(
            [*git, "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, timeout=10, check=True
        )
        changes = subprocess.run(
            [*git, "status", "--porcelain", "--untracked-files=no"], capture_output=True, text=True, timeout=10
        )
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return commit.stdout.strip() + ("+changes" if changes.stdout.strip() else "")
