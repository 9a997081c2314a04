"""The modules that a config may name as the place of a task. They are found as files before anything is imported.

An import runs a module. A config may come from somebody else, so its `task._target_` must not choose any module of the
machine. Allowed are the package `tasks`, and packages that this machine allows explicitly:

- `GATEBENCH_TASKS=my_package,other.tasks` in the environment, on every machine that trains;
- an installed package with an entry point of the group `gatebench.tasks`, see `gatebench.packages`.
"""

import os
import re
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from gatebench.errors import UserError
from gatebench.packages import TASKS, offers

OWN_PACKAGE = "tasks"
"""The package with the tasks of gatebench."""

VARIABLE = "GATEBENCH_TASKS"
"""The environment variable with the names of further packages, separated by commas."""

_NAME = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)+")
_LONGEST_NAME = 300


def split_target(target: object) -> tuple[str, str]:
    """Return (module, class) of a task's `_target_`. Nothing is imported.

    Args:
        target: the value of `_target_`, for example "tasks.images.digits.Digits".

    Raises:
        UserError: it is not a dotted name, its package is not allowed, or the package has no such module.
    """
    if not isinstance(target, str) or len(target) > _LONGEST_NAME or not _NAME.fullmatch(target):
        shown = repr(target)[:_LONGEST_NAME]
        raise UserError(f"task._target_ is {shown}; it must name a task's class, like tasks.images.digits.Digits.")
    return _split_allowed(target, os.environ.get(VARIABLE, ""))


@lru_cache(maxsize=256)
def _split_allowed(target: str, variable: str) -> tuple[str, str]:
    module, _, name = target.rpartition(".")
    if not _inside(module, [OWN_PACKAGE]) and not _inside(module, _further_packages(variable)):
        raise UserError(
            f"task._target_ is {target!r}; it must name a task's class below {OWN_PACKAGE}, or below a package that "
            f"{VARIABLE} or an installed plugin allows."
        )
    if not _is_file(module):
        raise UserError(f"task._target_ is {target!r}; it must name a task's class, and there is no module {module!r}.")
    return module, name


def is_allowed(module: str) -> bool:
    """Return whether a module lies below a package that the environment variable or an installed plugin allows."""
    return _inside(module, _further_packages(os.environ.get(VARIABLE, "")))


def _further_packages(variable: str) -> list[str]:
    """Return the packages that the environment variable and the installed plugins allow."""
    named = [name.strip() for name in variable.split(",") if name.strip()]
    return [*named, *(entry.module for entry in offers(TASKS))]


def _inside(module: str, packages: list[str]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def _is_file(module: str) -> bool:
    """Return whether a module is a file of its top package. The search for a top package imports nothing."""
    top, *rest = module.split(".")
    try:
        spec = find_spec(top)
    except (ImportError, ValueError):
        return False
    if spec is None:
        return False
    if not rest:
        return spec.has_location or spec.submodule_search_locations is not None
    paths = [Path(folder, *rest) for folder in spec.submodule_search_locations or ()]
    return any(path.with_name(f"{path.name}.py").is_file() or (path / "__init__.py").is_file() for path in paths)
