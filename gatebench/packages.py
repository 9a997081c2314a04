"""Installed packages that bring cells, tasks and backends. They are found by their entry points; nothing is imported.

    [project.entry-points."gatebench.cells"]
    acme = "acme_gates"                      # the folder acme_gates/conf/cell has the configs of cells

    [project.entry-points."gatebench.tasks"]
    acme = "acme_gates"                      # acme_gates/conf/task has configs, whose classes lie below acme_gates

    [project.entry-points."gatebench.backends"]
    acme_gpu = "acme_gates.gpu"              # a module with the interface of gatebench.backends.contract.Backend

The folder `conf` has the layout of that of gatebench and may also have experiments and publications. No file in it has
the name of one of gatebench or of another package, and a cell or a task has the name of its file. So a name means the
same with and without the package.
"""

import sys
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

import yaml

from gatebench.errors import UserError

CELLS, TASKS, BACKENDS = "gatebench.cells", "gatebench.tasks", "gatebench.backends"
"""The groups of entry points."""

CONF = "conf"
"""The folder of a package with its configs."""


def offers(group: str) -> tuple[EntryPoint, ...]:
    """Return the entry points of a group, sorted by package and name.

    Args:
        group: one of `CELLS`, `TASKS` and `BACKENDS`.
    """
    return _offers(tuple(sys.path))[group]


def package_name(entry: EntryPoint) -> str:
    """Return the name of the installed package that has an entry point."""
    return entry.dist.name if entry.dist is not None else entry.name


def config_folders() -> Mapping[str, Path]:
    """Return {name of an installed package: its folder of configs} of the packages that have one.

    Raises:
        UserError: a package that offers cells has no folder with cells, or a file has the name of another one.
    """
    return _config_folders(tuple(sys.path))


def used_versions(target: str, backend: str) -> dict[str, str]:
    """Return {name of an installed package: its version} of the packages whose code a trial runs.

    Args:
        target: the dotted name of the class of the task.
        backend: the name of the backend.
    """
    used = [entry for entry in offers(TASKS) if target.startswith(f"{entry.module}.")]
    used += [entry for entry in offers(BACKENDS) if entry.name == backend]
    return {package_name(entry): entry.dist.version for entry in used if entry.dist is not None}


@lru_cache(maxsize=8)
def _offers(path: tuple[str, ...]) -> Mapping[str, tuple[EntryPoint, ...]]:
    """Return the entry points of each group. They are read once for each search path of Python."""
    del path
    found = entry_points()
    return {
        group: tuple(sorted(found.select(group=group), key=lambda entry: (package_name(entry), entry.name)))
        for group in (CELLS, TASKS, BACKENDS)
    }


@lru_cache(maxsize=8)
def _config_folders(path: tuple[str, ...]) -> Mapping[str, Path]:
    offered = _offers(path)
    folders: dict[str, Path] = {}
    for group in (CELLS, TASKS):
        for entry in offered[group]:
            folder = _folder(entry)
            if folder is not None and folder.is_dir():
                folders.setdefault(package_name(entry), folder)
            if group == CELLS and (folder is None or not any((folder / "cell").glob("*.yaml"))):
                raise UserError(
                    f"The package {package_name(entry)} offers cells in {entry.value}, but {entry.value} has no folder "
                    f"{CONF}/cell with YAML files; repair or uninstall the package."
                )
    _check_names(folders)
    return folders


def _folder(entry: EntryPoint) -> Path | None:
    """Return the folder of configs of the package that an entry point names; None if it is not found as files."""
    top, *rest = entry.module.split(".")
    try:
        spec = find_spec(top)
    except (ImportError, ValueError):
        return None
    places = () if spec is None else spec.submodule_search_locations or ()
    return next((Path(place, *rest, CONF) for place in places), None)


def _check_names(folders: Mapping[str, Path]) -> None:
    """Check that no file has the name of a file of gatebench or of another package, and that tasks have that of theirs.

    Raises:
        UserError: a file has, or a task has another name.
    """
    own = files("conf")
    known: dict[str, str] = {}
    for package, folder in folders.items():
        for name in config_names(folder):
            holder = "gatebench" if own.joinpath(name).is_file() else known.get(name)
            if holder is not None:
                raise UserError(
                    f"The package {package} has the file {CONF}/{name}, and {holder} has one of this name, which would "
                    f"be hidden; rename it, or uninstall {package}."
                )
            known[name] = package
            if name.startswith("task/"):
                _check_task_name(folder / name)


def _check_task_name(path: Path) -> None:
    """Check that a task has the name of its file: that of the key `name`, or else of the module in `_target_`."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise UserError(f"{path} cannot be read as the config of a task: {' '.join(str(error).split())}.") from None
    content = content if isinstance(content, dict) else {}
    name = content.get("name") or str(content.get("_target_")).rpartition(".")[0].rpartition(".")[2]
    if name != path.stem:
        raise UserError(f"{path} has a task of the name {str(name)!r}; write name: {path.stem} into it.")


def config_names(folder: Path) -> Iterable[str]:
    """Return the names of the YAML files in a folder of configs, like "cell/mine.yaml", sorted."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.yaml"))
