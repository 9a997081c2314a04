"""From YAML to cells: a config is a base and its ablations."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from gatebench.cells.bases import BASES
from gatebench.errors import UserError, unknown
from gatebench.spec.cell import Cell

OPERATIONS = ("activate", "connect", "bias", "fix", "tie")
"""What a config may do to a gate, in the order in which it is done: first to all gates the one, then the next."""

KEYS = ("name", "base", "source", "note", "start", "ablate")
"""What a cell's config may hold."""

Change = tuple[str, str, str]
"""A change: (operation, gate, term), the term only for connect; ("start", letter, "") for a rule for weights."""


@cache
def cell_names() -> list[str]:
    """Return the names of the cells that have a config, sorted."""
    return sorted(entry.name.removesuffix(".yaml") for entry in _folder().iterdir() if entry.name.endswith(".yaml"))


@cache
def load_cell(name: str) -> Cell:
    """Return the cell called `name` in `conf/cell`.

    Raises:
        UserError: there is none; the sentence names the nearest.

    Examples:
        >>> cell = load_cell("gru")
        >>> tuple(cell.gates), cell.states
        (('r', 'z', 'n'), ('h',))
    """
    return build_cell(_read(name))


def build_cell(config: Mapping[str, Any]) -> Cell:
    """Return the cell that a config describes: {name, base, source, note, start, ablate: {gate: {operation: value}}}.

    Its label is the config's name, with what was changed beyond the config of that name in brackets: "lstm[i=1]". Where
    something of that config is missing, the label is the base's, so that no name stands for other equations.

    Raises:
        UserError: a base, a gate, an operation or a value is not allowed.

    Examples:
        >>> build_cell({"base": "lstm", "ablate": {"i": {"fix": 1}}}).name
        'lstm[i=1]'
    """
    for key in config:
        if key not in KEYS:
            raise unknown("key of a cell", key, KEYS)
    base, changes = str(config.get("base")), _changes(config)
    name = str(config.get("name") or base)
    found = _base(base)
    own = _read(name) if name in cell_names() else {"base": base}
    known = _changes(own)
    faithful = own.get("base") == base and known.items() <= changes.items()
    if not faithful:
        known, name = {}, found.name
    described: dict[str, Any] = {key: str(config[key]) for key in ("source", "note") if faithful and config.get(key)}
    beyond = {change: value for change, value in changes.items() if change not in known}
    for _, gate, _ in beyond:
        if ("fix", gate, "") in beyond and ("tie", gate, "") in beyond:
            raise UserError(f"ablate.{gate} says both fix and tie; a gate is a constant or a formula.")
    return _changed(replace(_changed(found, known), name=name, **described), beyond)


def _folder() -> Any:
    return files("conf") / "cell"


@cache
def _read(name: str) -> Mapping[str, Any]:
    if name not in cell_names():
        raise unknown("cell", name, cell_names())
    config: Mapping[str, Any] = yaml.safe_load((_folder() / f"{name}.yaml").read_text(encoding="utf-8"))
    return config


def _base(base: str) -> Cell:
    if base in BASES:
        return BASES[base]
    if base not in cell_names() or _read(base).get("base") == base:
        raise unknown("base cell", base, {*BASES, *cell_names()})
    return load_cell(base)


def _changes(config: Mapping[str, Any]) -> dict[Change, Any]:
    """Return all that a config changes of its base, in the order in which it is done; None leaves a change out."""
    found: dict[Change, Any] = {}
    for gate, operations in _table("ablate", config.get("ablate"), "ablate.i.fix=1").items():
        for operation, value in _table(f"ablate.{gate}", operations, f"ablate.{gate}.fix=1").items():
            if operation not in OPERATIONS:
                raise unknown(f"ablation of {gate}", operation, OPERATIONS)
            if operation == "connect":
                terms = _table(f"ablate.{gate}.connect", value, f"ablate.{gate}.connect.recurrent=off")
                found |= {("connect", gate, term): given for term, given in terms.items()}
            elif value is not None:
                found[operation, gate, ""] = value
    found = dict(sorted(found.items(), key=lambda change: OPERATIONS.index(change[0][0])))
    started = _table("start", config.get("start"), "start.R=identity")
    return found | {("start", letter, ""): rule for letter, rule in started.items() if rule is not None}


def _table(label: str, value: Any, example: str) -> dict[str, Any]:
    """Return a part of a config that holds keys; None is an empty one."""
    if not isinstance(value, Mapping | None):
        raise UserError(f"{label} is {value!r}; write for example {example}.")
    return {str(key): inner for key, inner in (value or {}).items()}


def _changed(cell: Cell, changes: Mapping[Change, Any]) -> Cell:
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
    """Return a connection's value: off switches it off, on gives the usual operand."""
    if given is None or given is False or given == "off":
        return None
    if given is True or given == "on":
        usual = {"inputs": "x", "recurrent": "h"}
        if term not in usual:
            raise UserError(f"connect.{term} is on; it must say what it connects to, as in connect.peephole='c[t-1]'.")
        return usual[term]
    return list(given) if isinstance(given, list | tuple) else given
