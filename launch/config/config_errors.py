"""The errors of Hydra and OmegaConf as messages that name the setting and the allowed values."""

from collections.abc import Iterator

from hydra.errors import MissingConfigException
from omegaconf import DictConfig
from omegaconf.errors import (
    ConfigAttributeError,
    ConfigKeyError,
    InterpolationResolutionError,
    MissingMandatoryValue,
    OmegaConfBaseException,
    ValidationError,
)
from yaml import MarkedYAMLError

from gatebench.errors import UserError, unknown

_FUNCTIONS = ("choice", "range", "interval", "int", "float", "tag", "glob")
"""The functions of Hydra's grammar that give several values."""

_TYPES = {"Integer": "a whole number", "Float": "a number"}


def explain_config_error(error: Exception) -> UserError:
    """Return the error with a message for the user, for an error that Hydra or OmegaConf raised."""
    if isinstance(error, UserError):
        return error
    if isinstance(error, MissingConfigException):
        return _missing_config(error)
    if isinstance(error, MarkedYAMLError) and (mark := error.problem_mark) is not None:
        return UserError(f"{mark.name}, line {mark.line + 1}, is not YAML: {error.problem}.")
    for inner in _causes(error):
        if isinstance(inner, UserError):
            return inner
        if isinstance(inner, OmegaConfBaseException):
            return _rejected_value(inner)
    return UserError(f"The config cannot be composed: {_first_line(error)}.")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield the error and its causes, outermost first."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _missing_config(error: MissingConfigException) -> UserError:
    group, _, name = str(error.missing_cfg_file).rpartition("/")
    return unknown(group or "config", name, error.options or ())


def _rejected_value(error: OmegaConfBaseException) -> UserError:
    key = str(error.full_key or error.key)
    match error:
        case ConfigKeyError() | ConfigAttributeError():
            return _unknown_key(error, key)
        case MissingMandatoryValue():
            return UserError(f"{key} has no value.")
        case ValidationError() if "is not Optional" in str(error):
            return UserError(f"{key} is null; it must have a value.")
        case ValidationError() if "is not a valid bool" in str(error):
            return UserError(f"{key} is {_first_line(error).split()[1]}; it must be true or false.")
        case ValidationError() if "could not be converted to" in str(error):
            left, _, kind = _first_line(error).partition(" could not be converted to ")
            value = left.removeprefix("Value ").partition(" of type ")[0]
            return UserError(f"{key} is {value}; it must be {_TYPES.get(kind, kind)}.{_hint_on_quotes(value)}")
        case ValidationError() if "is not a ListConfig" in str(error) or "'typing.List" in str(error):
            return UserError(f"{key} must be a list, for example [a, b].")
        case InterpolationResolutionError():
            return UserError(f"{key} refers to a key or file that does not exist: {_first_line(error)}.")
        case _ if "Cannot merge DictConfig with" in str(error):
            return UserError(f"{key} has keys of its own; write {key}.NAME=… for each of them.")
    return UserError(f"{key or 'The config'} is not allowed: {_first_line(error)}.")


def _hint_on_quotes(value: str) -> str:
    """Return a sentence for a function of Hydra's grammar in quotes, which Hydra reads as a text; "" for other values.

    Args:
        value: the value as OmegaConf prints it, in quotes.
    """
    text = value.strip("'")
    is_function = text.partition("(")[0] in _FUNCTIONS and text.endswith(")")
    return f" The quotes make a text of it; write {text} without quotes of its own." if is_function else ""


def _unknown_key(error: OmegaConfBaseException, key: str) -> UserError:
    parent = error.parent_node
    prefix = key.rpartition(".")[0] if key.endswith(f".{error.key}") else ""
    names = [str(name) for name in parent] if isinstance(parent, DictConfig) else []
    groups = ("model", "training") if isinstance(parent, DictConfig) and not prefix else ()
    nested = [f"{group}.{name}" for group in groups if group in names for name in parent[group]]
    allowed = [f"{prefix}.{name}" if prefix else name for name in names if name != "hydra"]
    return unknown("key", key, allowed, elsewhere=nested)


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0].rstrip(".")
