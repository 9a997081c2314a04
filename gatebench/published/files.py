"""The publications in the folders `published`: those of `conf`, and those of the user's folder of configs."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from gatebench.cells import ARCHITECTURES, cell_names, load_cell
from gatebench.errors import UserError, unknown
from gatebench.packages import config_folders
from gatebench.published.content import publication_of
from gatebench.published.publication import Publication, PublishedEntry, PublishedResult

FOLDER = "published"
"""The name of the folder."""

ENDING = ".yaml"

LARGEST_FILE = 1_000_000
"""The largest number of bytes of a file."""


def publication_names(config_dir: Path | None = None) -> list[str]:
    """Return the names of all publications, sorted.

    Args:
        config_dir: an additional folder of configs with the layout of `conf`.
    """
    return sorted({name for folder in _folders(config_dir, FOLDER) for name in _names(folder)})


def load_publications(names: Sequence[str], config_dir: Path | None = None) -> tuple[Publication, ...]:
    """Return the publications with some names, each once.

    Args:
        names: the names of the files without their ending.
        config_dir: an additional folder of configs with the layout of `conf`. Its files come first.

    Raises:
        UserError: there is no such publication, its file cannot be read, a part of it is not allowed, or it names an
            unknown cell or an unknown task.
    """
    return tuple(_load(name, config_dir) for name in dict.fromkeys(names))


def _load(name: str, config_dir: Path | None) -> Publication:
    for folder in _folders(config_dir, FOLDER):
        if name in _names(folder):
            file = folder / f"{name}{ENDING}"
            where = f"{FOLDER}/{name}{ENDING}"
            publication = publication_of(name, _read(file, where), where)
            return _with_digests(publication, where, config_dir)
    raise unknown("publication", name, publication_names(config_dir))


def _read(file: Any, where: str) -> object:
    """Return the content of a YAML file, in which all scalars are texts: a value keeps the digits that it has."""
    content = file.read_bytes()
    if len(content) > LARGEST_FILE:
        raise UserError(f"{where} has {len(content):,} bytes; at most {LARGEST_FILE:,} are allowed.")
    try:
        # BaseLoader makes texts, lists and mappings, and no other objects.
        return yaml.load(content.decode(), Loader=yaml.BaseLoader)
    except (UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f" in line {mark.line + 1}" if mark is not None else ""
        raise UserError(f"{where} is not a YAML file: there is a mistake{line}.") from None


def _with_digests(publication: Publication, where: str, config_dir: Path | None) -> Publication:
    """Return the publication with the digests of its cells.

    Raises:
        UserError: a cell or a task is unknown.
    """
    cells = {
        *cell_names(),
        *ARCHITECTURES,
        *(name for folder in _folders(config_dir, "cell") for name in _names(folder)),
    }
    tasks = _task_names(config_dir)
    results = []
    for result in publication.results:
        place = f"in {where}, results.{result.name}"
        if result.task not in tasks:
            raise unknown("task", result.task, tasks, where=place)
        named = (cell for entry in result.entries for cell in (entry.cell, *entry.near))
        _check_cells([*named, *filter(None, [result.baseline])], cells, place)
        results.append(_digests_of(result))
    return replace(publication, results=tuple(results))


def _task_names(config_dir: Path | None) -> set[str]:
    """Return the names of the tasks that have a config: its `name`, or the last part of the module in `_target_`."""
    names = set()
    for folder in _folders(config_dir, "task"):
        for file in _names(folder):
            content = _read(folder / f"{file}{ENDING}", f"task/{file}{ENDING}")
            target = content.get("_target_") if isinstance(content, dict) else None
            given = content.get("name") if isinstance(content, dict) else None
            names.add(str(given or (str(target).split(".")[-2] if str(target).count(".") else file)))
    return names


def _check_cells(names: Iterable[str], cells: Iterable[str], place: str) -> None:
    for name in names:
        if name not in cells:
            raise unknown("cell", name, cells, where=place)


def _digests_of(result: PublishedResult) -> PublishedResult:
    digest = _digest(result.baseline, result.baseline_digest)
    return replace(result, entries=tuple(map(_with_digest, result.entries)), baseline_digest=digest)


def _with_digest(entry: PublishedEntry) -> PublishedEntry:
    near = tuple(digest for name in entry.near if (digest := _digest(name, "")))
    return replace(entry, digest=_digest(entry.cell, entry.digest), near_digests=near)


def _digest(name: str, otherwise: str) -> str:
    """Return the digest of a cell or an architecture of gatebench or a package; another one for other names."""
    if name in ARCHITECTURES:
        return ARCHITECTURES[name].digest
    return load_cell(name).digest if name in cell_names() else otherwise


def _folders(config_dir: Path | None, name: str) -> list[Any]:
    """Return the folders with a name that exist: that of the user first, then that of gatebench and of packages."""
    roots: list[Any] = [*filter(None, [config_dir]), files("conf"), *config_folders().values()]
    return [root / name for root in roots if (root / name).is_dir()]


def _names(folder: Any) -> list[str]:
    return [file.name.removesuffix(ENDING) for file in folder.iterdir() if file.name.endswith(ENDING)]
