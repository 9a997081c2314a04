"""The check of a `_target_` that names a callback or a logger of Lightning, before anything is imported.

An import runs a module, and a config may come from somebody else. So a target lies below Lightning's own module, or
below a package that this machine allows, see `gatebench.task_modules`.
"""

import re
from collections.abc import Mapping
from typing import Any

from gatebench.errors import UserError, nearest
from gatebench.task_modules import VARIABLE, is_allowed

CALLBACKS, LOGGERS = "pytorch_lightning.callbacks", "pytorch_lightning.loggers"
"""Lightning's modules of callbacks and loggers."""

OWN_CALLBACKS = ("DeviceStatsMonitor", "LearningRateMonitor")
"""The callbacks of Lightning that are allowed.

Most others do the same as a setting of gatebench, or cannot continue from a checkpoint.
"""

NEEDED = {
    "CometLogger": ("comet_ml",),
    "LitLogger": ("litlogger",),
    "NeptuneLogger": ("neptune",),
    "TensorBoardLogger": ("tensorboard", "tensorboardX"),
    "WandbLogger": ("wandb",),
}
"""{logger of Lightning: the packages of which it needs one}."""

_NAME = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)+")


def check_part(key: str, config: Any, module: str) -> None:
    """Check the config of a callback or a logger. Nothing is imported.

    Args:
        key: its key, for example "logger.csv".
        config: {"_target_": the dotted name of its class, parameter: value, …}.
        module: `CALLBACKS` or `LOGGERS`.

    Raises:
        UserError: it has no `_target_` that is a dotted name, or the target is not allowed.
    """
    example = f"{key}._target_={module}.{'LearningRateMonitor' if module == CALLBACKS else 'CSVLogger'}"
    target = config.get("_target_") if isinstance(config, Mapping) else None
    if not isinstance(target, str) or not _NAME.fullmatch(target):
        raise UserError(f"{key} has no _target_ that names a class; write for example {example}.")
    place, _, name = target.rpartition(".")
    is_own = place == module or place.startswith(f"{module}.")
    if not is_own and not is_allowed(place):
        raise UserError(
            f"{key}._target_ is {target!r}; it must name a class below {module}, or below a package that {VARIABLE} or "
            "an installed plugin allows."
        )
    if is_own and module == CALLBACKS and name not in OWN_CALLBACKS:
        near = nearest(name, OWN_CALLBACKS)
        hint = f"; did you mean {near[0]!r}? Of" if near else "; of"
        raise UserError(
            f"{key}._target_ is {target!r}{hint} Lightning's callbacks, only {' and '.join(OWN_CALLBACKS)} are "
            "allowed: settings of training do the same as most others."
        )


def needs_logger(target: str) -> bool:
    """Return whether a callback does nothing but write to a logger, and refuses a training without one."""
    return target.startswith(f"{CALLBACKS}.") and target.rpartition(".")[2] in OWN_CALLBACKS
