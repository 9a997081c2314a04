"""Callbacks and loggers from configs: the settings `training.callbacks` and `logger`."""

import inspect
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, TypeGuard, TypeVar

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback, Checkpoint, EarlyStopping
from pytorch_lightning.loggers import Logger

from gatebench.errors import UserError, nearest, unknown
from gatebench.lightning_targets import CALLBACKS, LOGGERS, check_part
from gatebench.training.learner import Learner
from gatebench.trial import Trial

Part = TypeVar("Part", Callback, Logger)

_EITHER, _BY_NAME = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY
_ANY = inspect.Parameter.VAR_KEYWORD

LOGGER_FOLDER = "loggers"
"""The folder of the home in which loggers write files."""


def make_callbacks(trial: Trial) -> dict[str, Callback]:
    """Return the callbacks of a trial by their names in `training.callbacks`.

    Raises:
        UserError: a class is not allowed, is no callback, or does not take its parameters.
    """
    found = {}
    for name, config in trial.training.callbacks.items():
        key = f"training.callbacks.{name}"
        callback = _made(key, config, CALLBACKS, Callback, {})
        if isinstance(callback, Checkpoint | EarlyStopping):
            raise UserError(f"{key} is a checkpoint or an early stopping of Lightning; gatebench has its own.")
        found[name] = callback
    return found


def make_loggers(configs: Mapping[str, Mapping[str, Any]], trial: Trial, home: Path) -> list[Logger]:
    """Return the loggers of a trial, with its settings as hyperparameters.

    A logger with the parameter `save_dir` writes below the home, and one with `name` has the digest of the trial as its
    name, if the config does not say otherwise.

    Args:
        configs: {name: config}, the setting `logger`.
        trial: the trial.
        home: the home.

    Raises:
        UserError: a class is not allowed, is no logger, needs a package, or does not take its parameters.
    """
    loggers = []
    for name, config in configs.items():
        own = {"save_dir": str(home / LOGGER_FOLDER / name), "name": trial.digest}
        logger = _made(f"logger.{name}", config, LOGGERS, Logger, own)  # type: ignore[type-abstract]  # the class is a concrete one
        logger.log_hyperparams({"digest": trial.digest, **trial.flat_settings()})
        loggers.append(logger)
    return loggers


@contextmanager
def ended_loggers(loggers: list[Logger]) -> Iterator[None]:
    """End the loggers after the block, also if it raises. One that has a run is told that the run is over.

    Without that, the next trial of this process would be written into the same run of Weights & Biases.

    Args:
        loggers: the loggers.
    """
    status = "failed"
    try:
        yield
        status = "success"
    finally:
        for logger in loggers:
            logger.finalize(status)
            finish = getattr(getattr(logger, "experiment", None), "finish", None)
            if callable(finish):
                finish()


def callback_states(callbacks: Mapping[str, Callback]) -> dict[str, Any] | None:
    """Return {name: state} of callbacks, as they return it in `state_dict`; None if a state is not plain data."""
    states = {name: callback.state_dict() for name, callback in callbacks.items()}
    try:
        is_plain = json.loads(json.dumps(states)) == states
    except (TypeError, ValueError):
        is_plain = False
    return states if is_plain else None


class LoggerReporter(Callback):
    """A Lightning callback that sends the metrics of every epoch to the loggers, except those that Lightning sends."""

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Send the metrics of the epoch that was just validated: the loss of the training, and the gates."""
        assert isinstance(pl_module, Learner)
        if trainer.loggers:
            metrics = {name: one for name, one in pl_module.history[-1].items() if not name.startswith("val/")}
            log_metrics(trainer.loggers, metrics, trainer.global_step - 1)  # the step under which Lightning logs


def log_metrics(loggers: list[Logger], metrics: Mapping[str, float], step: int) -> None:
    """Send metrics to loggers.

    Args:
        loggers: the loggers.
        metrics: {name: value}.
        step: the number of the last training step, from 0.
    """
    for logger in loggers:
        logger.log_metrics(dict(metrics), step)
        logger.save()


def _made(key: str, config: Mapping[str, Any], module: str, kind: type[Part], defaults: Mapping[str, Any]) -> Part:
    """Return an object from its config.

    Args:
        key: its key in messages.
        config: {"_target_": the dotted name of its class, parameter: value, …}.
        module: Lightning's module of such objects.
        kind: the class that it must have.
        defaults: {parameter: value} of the parameters that the config may leave out. Those that the class does not have
            are left out.
    """
    check_part(key, config, module)
    target = str(config["_target_"])
    made_by = _class(key, target, kind)
    known = inspect.signature(made_by).parameters
    given = {parameter: value for parameter, value in config.items() if parameter != "_target_"}
    _check_parameters(key, given, known.values())
    try:
        return made_by(**{one: value for one, value in defaults.items() if one in known} | given)
    except Exception as error:  # the class may raise anything
        reason = " ".join(str(error).split()).rstrip(".") or type(error).__name__
        raise UserError(f"{key} cannot be made from {target}: {reason}.") from error


def _check_parameters(key: str, given: Iterable[str], known: Collection[inspect.Parameter]) -> None:
    """Raise `UserError` if a class does not take a parameter of a config."""
    by_kind = {kind: [one.name for one in known if one.kind is kind] for kind in (_EITHER, _BY_NAME, _ANY)}
    names = [*by_kind[_EITHER], *by_kind[_BY_NAME]]
    for parameter in given:
        if parameter not in names and not by_kind[_ANY]:
            raise unknown("key", f"{key}.{parameter}", [f"{key}.{one}" for one in names])


def _class(key: str, target: str, kind: type[Part]) -> type[Part]:
    """Return the class with a dotted name.

    Raises:
        UserError: there is no such class, and the message suggests the nearest one; or it is of another kind.
    """
    place, _, name = target.rpartition(".")
    module = None
    try:
        module = import_module(place)
        found = getattr(module, name)
    except (ImportError, AttributeError):
        content = {} if module is None else vars(module)
        near = nearest(name, [one for one, value in content.items() if _is_kind(value, kind)])
        hint = f"; did you mean {near[0]!r}?" if near else "."
        raise UserError(f"{key}._target_ is {target!r}, and there is no such class{hint}") from None
    if not _is_kind(found, kind):
        raise UserError(f"{key}._target_ is {target!r}, which is no {kind.__name__.lower()} of Lightning.")
    return found


def _is_kind(value: object, kind: type[Part]) -> TypeGuard[type[Part]]:
    return isinstance(value, type) and issubclass(value, kind)
