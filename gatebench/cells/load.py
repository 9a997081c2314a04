"""Cells from configs: a YAML file names a base cell and the changes of an ablation."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from importlib.resources import files
from os import PathLike
from pathlib import Path
from typing import Any

import yaml

from gatebench.cells.architectures import ARCHITECTURES, build_architecture, is_architecture, not_a_cell
from gatebench.cells.bases import BASES
from gatebench.errors import UserError, unknown
from gatebench.packages import config_folders
from gatebench.spec.architecture import Architecture
from gatebench.spec.cell import Cell

OPERATIONS = ("activate", "connect", "bias", "fix", "tie")
"""The operations on a gate, in the order of application: the first to all gates, then the second to all gates, …"""

KEYS = ("name", "base", "source", "note", "start", "ablate")
"""The keys of a cell's config."""

ENDINGS = (".yaml", ".yml")
"""The endings of a user's file."""

Change = tuple[str, str, str]
"""The key of a change: (operation, gate, term of connect or ""), or ("start", letter, "") for initial weights."""


def cell_names() -> list[str]:
    """Return the names of the cells that have a config, sorted, with those of installed packages.

    The architectures that are no cells are left out.

    Raises:
        UserError: a package is broken, see `gatebench.packages`.
    """
    return _cell_names(tuple(config_folders().items()))


@cache
def _cell_names(packages: tuple[tuple[str, Path], ...]) -> list[str]:
    names = {entry.name.removesuffix(".yaml") for entry in _folder().iterdir() if entry.name.endswith(".yaml")}
    further = {path.stem for path in _package_files(packages) if not is_architecture(_read_file(path))}
    return sorted((names - ARCHITECTURES.keys()) | further)


def _package_files(packages: tuple[tuple[str, Path], ...]) -> list[Path]:
    """Return the files of the cells of installed packages."""
    return [path for _, folder in packages for path in sorted((folder / "cell").glob("*.yaml"))]


def load_cell(name: str | PathLike[str]) -> Cell:
    """Return the cell called `name`, or the cell of a YAML file of the user with the same keys as those in `conf/cell`.

    Args:
        name: the name of a cell; or the path of a file: a `Path`, or a text that ends with ".yaml" or ".yml".

    Raises:
        UserError: there is no such cell, the file cannot be read, or the cell in it has another name than the file.

    Examples:
        >>> cell = load_cell("gru")
        >>> tuple(cell.gates), cell.states
        (('r', 'z', 'n'), ('h',))
    """
    if isinstance(name, str) and not name.endswith(ENDINGS):
        return _load_named(name)
    return build_cell(_read_file(Path(name)))


def load_compared(path: Path) -> Cell | Architecture:
    """Return the cell of a YAML file of the user, or the architecture that is no cell.

    Raises:
        UserError: as `load_cell`.
    """
    return build_compared(_read_file(path))


def _load_named(name: str) -> Cell:
    """Return the cell called `name` in `conf/cell`, or in that folder of an installed package."""
    return _built(name, tuple(config_folders().items()))


@cache
def _built(name: str, packages: tuple[tuple[str, Path], ...]) -> Cell:
    """Return the cell called `name`. It is built once for the same packages."""
    del packages
    return build_cell(_read(name))


def _read_file(path: Path) -> Mapping[str, Any]:
    """Return the content of a user's file; the name of the cell is that of the file."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        reason = error.strerror if isinstance(error, OSError) else " ".join(str(error).split())
        raise UserError(f"{path} cannot be read as the config of a cell: {reason}.") from None
    if not isinstance(content, dict):
        raise UserError(f"{path} is no config of a cell; it must have the keys name and base.")
    if content.get("name", path.stem) != path.stem:
        raise UserError(f"{path} has the name {content['name']!r}; it must be {path.stem!r}, the name of the file.")
    return {"name": path.stem, **content}


def build_compared(config: Mapping[str, Any]) -> Cell | Architecture:
    """Return what a config describes: a cell, or an architecture that is no cell.

    Args:
        config: the content of a file in `conf/cell`, with the user's changes.

    Raises:
        UserError: as `build_cell` and `build_architecture`.
    """
    return build_architecture(config) if is_architecture(config) else build_cell(config)


def build_cell(config: Mapping[str, Any]) -> Cell:
    """Return the cell that a config describes: {name, base, source, note, start, ablate: {gate: {operation: value}}}.

    The cell's name is the config's name. Changes that the file `conf/cell/NAME.yaml` does not have are added in
    brackets: "lstm[i=1]". If the config lacks a change of that file, or has another base, then the name is that of the
    base, with all changes in brackets. So a name never stands for other equations than those of its file.

    The cell has the note of the config. It has the note of the base only if nothing is changed.

    Args:
        config: the content of a file in `conf/cell`, with the user's changes. `base` is a base cell or another config.

    Raises:
        UserError: a base, a gate, an operation or a value is not allowed, or it is an architecture that is no cell.

    Examples:
        >>> build_cell({"base": "lstm", "ablate": {"i": {"fix": 1}}}).name
        'lstm[i=1]'
    """
    if is_architecture(config):
        raise not_a_cell(str(config.get("name") or config["base"]))
    for key in config:
        if key not in KEYS:
            raise unknown("key", key, KEYS, where="of a cell")
    base, changes = str(config.get("base")), _changes(config)
    name = str(config.get("name") or base)
    base_cell = _base(base)
    named_config = _read(name) if name in cell_names() else {"base": base}
    named_changes = _changes(named_config)
    has_named_changes = named_config.get("base") == base and named_changes.items() <= changes.items()
    texts: dict[str, Any] = {}
    if has_named_changes:
        texts = {key: str(config[key]) for key in ("source", "note") if config.get(key)}
    else:
        named_changes, name = {}, base_cell.name
    new_changes = {change: value for change, value in changes.items() if change not in named_changes}
    for _, gate, _ in new_changes:
        if ("fix", gate, "") in new_changes and ("tie", gate, "") in new_changes:
            raise UserError(f"ablate.{gate} has both fix and tie; a gate is either a constant or a formula.")
    if changes and (not config.get("note") or (new_changes and config["note"] == named_config.get("note"))):
        texts["note"] = ""  # the note that is left is about the equations before the changes
    named_cell = replace(_changed(base_cell, named_changes), name=name, **texts)
    return _changed(named_cell, new_changes)


def _folder() -> Any:
    return files("conf") / "cell"


def _read(name: str) -> Mapping[str, Any]:
    """Return the content of a cell's file in `conf/cell`; raise if there is no such file."""
    return _content(name, tuple(config_folders().items()))


@cache
def _content(name: str, packages: tuple[tuple[str, Path], ...]) -> Mapping[str, Any]:
    """Return the content of a cell's file. It is read once for the same packages."""
    if name in ARCHITECTURES:
        raise not_a_cell(name)
    if name not in _cell_names(packages):
        raise unknown("cell", name, _cell_names(packages))
    own = _folder() / f"{name}.yaml"
    if not own.is_file():
        return next(_read_file(path) for path in _package_files(packages) if path.stem == name)
    config: Mapping[str, Any] = yaml.safe_load(own.read_text(encoding="utf-8"))
    return config


def _base(base: str) -> Cell:
    """Return a base cell, or the cell of another config; raise if there is none with this name."""
    if base in BASES:
        return BASES[base]
    if base not in cell_names() or _read(base).get("base") == base:
        raise unknown("base cell", base, {*BASES, *cell_names()})
    return load_cell(base)


def _changes(config: Mapping[str, Any]) -> dict[Change, Any]:
    """Return the changes of a config in the order of application, without those that are None."""
    ablation: dict[Change, Any] = {}
    for gate, operations in _table("ablate", config.get("ablate"), "ablate.i.fix=1").items():
        for operation, value in _table(f"ablate.{gate}", operations, f"ablate.{gate}.fix=1").items():
            if operation not in OPERATIONS:
                raise unknown("ablation", operation, OPERATIONS, where=f"of {gate}")
            if operation == "connect":
                terms = _table(f"ablate.{gate}.connect", value, f"ablate.{gate}.connect.recurrent=off")
                ablation |= {("connect", gate, term): given for term, given in terms.items()}
            elif value is not None:
                ablation[operation, gate, ""] = value
    ablation = dict(sorted(ablation.items(), key=lambda change: OPERATIONS.index(change[0][0])))
    rules = _table("start", config.get("start"), "start.R=identity")
    return ablation | {("start", letter, ""): rule for letter, rule in rules.items() if rule is not None}


def _table(label: str, value: Any, example: str) -> dict[str, Any]:
    """Return a part of a config as a dict with text keys; an empty one for None. Raise if it is no mapping."""
    if not isinstance(value, Mapping | None):
        raise UserError(f"{label} is {value!r}; write for example {example}.")
    return {str(key): inner for key, inner in (value or {}).items()}


def _changed(cell: Cell, changes: Mapping[Change, Any]) -> Cell:
    """Return the cell with the changes applied in their order."""
    for (operation, gate, term), value in changes.items():
        match operation:
            case "fix":
                cell = cell.fix(gate, value)
            case "tie":
                cell = cell.tie(gate, str(value))
            case "activate":
                cell = cell.activate(gate, str(value))
            case "bias":
                cell = cell.bias(gate, None if value is False or value == "off" else value)
            case "connect":
                cell = cell.connect(gate, **{term: _term(term, value)})
            case "start":
                cell = cell.initialise(gate, str(value))
    return cell


def _term(term: str, given: Any) -> Any:
    """Return the value of a term of `connect`: None for off, "x" or "h" for on, and other values as they are."""
    if given is None or given is False or given == "off":
        return None
    if given is True or given == "on":
        operands = {"inputs": "x", "recurrent": "h"}
        if term not in operands:
            raise UserError(f"connect.{term} is on; it must say what it connects to, as in connect.peephole='c[t-1]'.")
        return operands[term]
    return list(given) if isinstance(given, list | tuple) else given
