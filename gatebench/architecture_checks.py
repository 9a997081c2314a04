"""The check of the settings of a trial with an architecture that is no cell: none of them may need a cell."""

from collections.abc import Mapping
from typing import Any

from gatebench.errors import UserError
from gatebench.spec.architecture import Architecture
from gatebench.spec.initial_rules import DEFAULT_WEIGHTS

NEED_CELLS: Mapping[str, Mapping[str, tuple[Any, str]]] = {
    "model": {
        "variational_dropout": (0, "0"),
        "recurrent_dropout": (0, "0"),
        "weight_drop": (0, "0"),
        "initial_weights": (DEFAULT_WEIGHTS, DEFAULT_WEIGHTS),
    },
    "training": {"tbptt": (0, "0"), "backend": ("auto", "auto")},
}
"""{section: {setting: (the value without an effect, the same as a text)}} of the settings that need a cell."""


def check_architecture(
    architecture: Architecture, model: Mapping[str, Any], training: Mapping[str, Any], is_stream: bool
) -> None:
    """Check that no setting needs a cell, and that the output can be divided among the heads.

    Args:
        architecture: the architecture.
        model: the settings of the model by name.
        training: the settings of the training by name.
        is_stream: whether the task is one of continual learning.

    Raises:
        UserError: a setting needs a cell, the task does, or the output cannot be divided.
    """
    for section, values in {"model": model, "training": training}.items():
        for name, (neutral, text) in NEED_CELLS[section].items():
            if values[name] != neutral:
                raise UserError(
                    f"{section}.{name} is {values[name]}, but {architecture.name} is not a cell, so it has no meaning; "
                    f"set {section}.{name}={text}, or leave {architecture.name} out."
                )
    if is_stream:
        raise UserError(
            f"{architecture.name} is not a cell, and tasks of continual learning compare cells; leave it out."
        )
    architecture.check_width(model["hidden_size"], 2 if model["bidirectional"] else 1)
