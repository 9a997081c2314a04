"""The checks of trials before anything starts: their data, loggers and callbacks, and the memory for their weights."""

import os
from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from typing import Any

from rich.filesize import decimal

from gatebench.derive.architecture_cost import architecture_parameters
from gatebench.derive.cost import parameters
from gatebench.errors import Refusal, UserError
from gatebench.lightning_targets import NEEDED, needs_logger
from gatebench.spec.architecture import Architecture
from gatebench.training_settings import Training
from gatebench.trial import Trial
from launch.config.settings import Settings

FLOAT_BYTES = 4

COPIES = {"sgd": 2, "adagrad": 3, "rmsprop": 3, "adam": 4, "adamw": 4, "rmsprop_graves": 5}
"""{optimiser: number of values in memory for each weight}: the weight, its gradient, and the optimiser's averages.

`sgd` and `rmsprop` have one more with momentum.
"""


def check_start(trials: Iterable[Trial], settings: Settings) -> None:
    """Check trials before they start on this machine. The machines of a cluster that is joined are not known here.

    Args:
        trials: the trials that are going to run.
        settings: the settings with the data root, the home and the address of the cluster.

    Raises:
        UserError: a data file is missing, or the package of a logger; the message says how to get it. The user's data
            have a fault, or a callback needs a logger.
        Refusal: the weights of a trial do not fit into memory.
    """
    trials = list(trials)
    check_callbacks(trials, settings.logger)
    if settings.ray_address is not None:
        return
    check_loggers(settings.logger)
    for trial in {repr(trial.task): trial for trial in trials}.values():
        trial.build_task().check_files(settings.data_folder, settings.home_folder.root / "cache")
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    for trial in {repr((trial.cell, trial.model)): trial for trial in trials}.values():
        if (needed := weight_bytes(trial)) > memory:
            raise Refusal(
                f"A trial of {trial.build_compared().name} with model.hidden_size={trial.model.hidden_size} needs "
                f"{decimal(needed)} for the weights of its recurrent layers, their gradients and the optimiser; "
                f"this machine has {decimal(memory)}."
            )


def check_callbacks(trials: Iterable[Trial], loggers: Mapping[str, Mapping[str, Any]]) -> None:
    """Check that there is a logger if a callback needs one.

    Raises:
        UserError: there is none.
    """
    if loggers:
        return
    for name, target in {
        name: str(config["_target_"]) for trial in trials for name, config in trial.training.callbacks.items()
    }.items():
        if needs_logger(target):
            raise UserError(
                f"training.callbacks.{name} is a {target.rpartition('.')[2]}, which writes to a logger, and there is "
                "none; add for example logger=csv."
            )


def check_loggers(loggers: Mapping[str, Mapping[str, Any]]) -> None:
    """Check that the packages of Lightning's loggers are installed. They are searched, and nothing is imported.

    Raises:
        UserError: one is not.
    """
    for name, config in loggers.items():
        needed = NEEDED.get(str(config["_target_"]).rpartition(".")[2], ())
        if needed and not any(find_spec(package) for package in needed):
            raise UserError(f"logger.{name} needs the package {' or '.join(needed)}: pip install {needed[0]}.")


def weight_bytes(trial: Trial) -> int:
    """Return the bytes of a trial's recurrent weights in training, with their gradients and the optimiser's averages.

    It is a lower bound: the encoder, the head and the values that the backward pass needs are not counted. The input of
    the first layer counts as one value if the size of the task's data is unknown.
    """
    cell, model, size = trial.build_compared(), trial.model, trial.build_task().size()
    directions = 2 if model.bidirectional else 1
    if isinstance(cell, Architecture):
        steps, inputs = (size.steps, size.inputs) if size else (1, 1)
        sizes = model.first_width(inputs), model.hidden_size, model.num_layers, directions, steps
        return architecture_parameters(cell, *sizes) * FLOAT_BYTES * copies(trial.training)
    first, deeper = (
        parameters(cell, width, model.hidden_size)
        for width in (model.first_width(size.inputs if size else 1), directions * model.hidden_size)
    )
    weights = directions * (first + (model.num_layers - 1) * deeper)
    return weights * FLOAT_BYTES * copies(trial.training)


def copies(training: Training) -> int:
    """Return the number of values in memory for each weight."""
    has_own_momentum = training.optimizer in ("sgd", "rmsprop") and training.momentum > 0
    return COPIES[training.optimizer] + has_own_momentum
