"""From YAML to cells: a config is a base and its ablations."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from gatebench.cells import BASES
from gatebench.errors import UserError, unknown
from gatebench.spec import Cell

OPERATIONS = ("fix", "tie", "activate", "connect", "bias")
"""What a config may do to a gate, in the order in which it is done."""

KEYS = ("name", "base", "source", "note", "start", "ablate")
"""What a cell's config may hold."""


@cache
def cell_names() -> list[str]:
    """Return the names of the cells that have a config, sorted."""
    return sorted(entry.name.removesuffix(".yaml") for entry in _folder().iterdir() if entry.name.endswith(".yaml"))


@cache
def load_cell(name: str) -> Cell:
    """Return the cell called `name` in `conf/cell`.

    Raises:
        UserError: there is none; the sentence names the nearest.
    """
    return build_cell(_read(name))


def build_cell(config: Mapping[str, Any]) -> Cell:
    """Return the cell that a config describes: {name, base, source, note, start, ablate: {gate: {operation: value}}}.

    Its label is the config's name, with what was ablated beyond the config of that name in brackets: "lstm[i=1]".

    Raises:
        UserError: a base, a gate, an operation or a value is not allowed.
    """
    for key in config:
        if key not in KEYS:
            raise unknown("key of a cell", key, KEYS)
    name, base = str(config.get("name") or config.get("base")), str(config.get("base"))
    ablations = _plain(config.get("ablate") or {})
    known = _plain(_read(name).get("ablate") or {}) if name in cell_names() and _read(name).get("base") == base else {}
    if any(ablations.get(gate) != operations for gate, operations in known.items()):
        known = {}
    cell = replace(_ablate(_base(base, name), known), name=name)
    described: dict[str, Any] = {key: str(config[key]) for key in ("source", "note") if config.get(key)}
    started = {**cell.start, **{str(letter): str(rule) for letter, rule in (config.get("start") or {}).items()}}
    return _ablate(replace(cell, start=started, **described), {g: o for g, o in ablations.items() if g not in known})


def _folder() -> Any:
    return files("conf") / "cell"


@cache
def _read(name: str) -> Mapping[str, Any]:
    if name not in cell_names():
        raise unknown("cell", name, cell_names())
    config: Mapping[str, Any] = yaml.safe_load((_folder() / f"{name}.yaml").read_text(encoding="utf-8"))
    return config


def _base(base: str, name: str) -> Cell:
    if base in BASES:
        return BASES[base]
    if base == name or base not in cell_names():
        raise unknown(f"base for the cell {name!r}", base, [*BASES, *cell_names()])
    return load_cell(base)


def _plain(ablations: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the ablations without the operations that are left open (None)."""
    found = {}
    for gate, operations in ablations.items():
        if not isinstance(operations, Mapping):
            raise UserError(f"ablate.{gate} is {operations!r}; write for example ablate.{gate}.fix=1.")
        given = {key: value for key, value in operations.items() if value is not None}
        for key in given:
            if key not in OPERATIONS:
                raise unknown(f"ablation of {gate}", key, OPERATIONS)
        if given:
            found[str(gate)] = given
    return found


def _ablate(cell: Cell, ablations: Mapping[str, Mapping[str, Any]]) -> Cell:
    for gate, operations in ablations.items():
        for operation in OPERATIONS:
            if operation in operations:
                cell = _apply(cell, gate, operation, operations[operation])
    return cell


def _apply(cell: Cell, gate: str, operation: str, value: Any) -> Cell:
    match operation:
        case "fix":
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise UserError(f"ablate.{gate}.fix is {value!r}; it must be a number.")
            return cell.fix(gate, value)
        case "tie":
            return cell.tie(gate, str(value))
        case "activate":
            return cell.activate(gate, str(value))
        case "bias":
            return cell.bias(gate, None if value in (False, "off") else value)
    if not isinstance(value, Mapping):
        raise UserError(f"ablate.{gate}.connect is {value!r}; write for example ablate.{gate}.connect.recurrent=off.")
    return cell.connect(gate, **{str(term): _term(str(term), given) for term, given in value.items()})


def _term(term: str, given: Any) -> Any:
    """Return a connection's value: off switches it off, on gives the usual operand."""
    if given in (None, False, "off"):
        return None
    if given is True or given == "on":
        usual = {"inputs": "x", "recurrent": "h"}
        if term not in usual:
            raise UserError(f"connect.{term} is on; it must say what it connects to, as in connect.peephole='c[t-1]'.")
        return usual[term]
    return list(given) if term == "gates" and not isinstance(given, str) else str(given)
