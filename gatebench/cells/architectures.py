"""The architectures that are no cells, and their configs.

A config in the folder of the cells names an architecture as its base. So `cell=lstm,attention` compares both.
"""

from collections.abc import Mapping
from typing import Any

from gatebench.errors import UserError, unknown
from gatebench.spec.architecture import Architecture

ARCHITECTURES: Mapping[str, Architecture] = {
    "attention": Architecture(
        "attention",
        "attention",
        "Vaswani et al. 2017, arXiv 1706.03762",
        {},
        "Self-attention with normalisation first (Xiong et al. 2020, arXiv 2002.04745): each step attends to itself "
        "and to earlier steps; with model.bidirectional=true, to all steps.",
    ),
    "tcn": Architecture(
        "tcn",
        "tcn",
        "Bai, Kolter & Koltun 2018, arXiv 1803.01271",
        {},
        "A temporal convolution: residual blocks of two dilated convolutions with weight normalisation. An output "
        "depends on its own step and on earlier ones; with model.bidirectional=true, also on later ones.",
    ),
}
"""The architectures by name. Each has a config of its name in `conf/cell`."""

KEYS = ("name", "base", "source", "note", "start", "ablate", "options")
"""The keys of the config of an architecture. `start` and `ablate` must be empty."""


def is_architecture(config: Mapping[str, Any]) -> bool:
    """Return whether a config in the folder of the cells describes an architecture that is no cell."""
    return str(config.get("base")) in ARCHITECTURES


def build_architecture(config: Mapping[str, Any]) -> Architecture:
    """Return the architecture that a config describes: {name, base, source, note, options: {name: value}}.

    Its name is that of the base, with the options that differ from those of the base: "attention[heads=4]".

    Args:
        config: the content of a file in `conf/cell`, with the user's changes. `base` is a key of `ARCHITECTURES`.

    Raises:
        UserError: a key, an option or a value is not allowed, or the config ablates a gate.
    """
    base = ARCHITECTURES[str(config.get("base"))]
    for key in config:
        if key not in KEYS:
            raise unknown("key", key, KEYS, where=f"of {base.name}")
    for key in ("ablate", "start"):
        if config.get(key):
            raise UserError(f"{base.name} is not a cell and has no gates, so cell.{key} has no meaning; leave it out.")
    options = config.get("options") or {}
    if not isinstance(options, Mapping):
        raise UserError(f"cell.options is {options!r}; write for example cell.options.heads=4.")
    name = str(config.get("name") or base.name)
    return base.changed(options) if name == base.name else _named(name, base, options, config)


def _named(name: str, base: Architecture, options: Mapping[str, Any], config: Mapping[str, Any]) -> Architecture:
    """Return an architecture with the name of a user's config."""
    source, note = str(config.get("source") or base.source), str(config.get("note") or base.note)
    return Architecture(name, base.kind, source, {**base.options, **options}, note)


def not_a_cell(name: str) -> UserError:
    """Return the error for an architecture where a cell is needed."""
    return UserError(f"{name} is not a cell: it has no gates and no equations of a time step; choose a cell.")
