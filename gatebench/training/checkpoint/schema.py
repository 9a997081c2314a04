"""Checks of the plain values and tensors of a checkpoint from any source."""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from gatebench.training.checkpoint.content import damaged


def entry(values: Mapping[str, Any], name: str) -> Any:
    """Return an entry of an object.

    Raises:
        UserError: it is missing.
    """
    if name not in values:
        raise damaged(f"{name!r} is missing")
    return values[name]


def whole(value: object, name: str, low: int, high: int) -> int:
    """Return a whole number from `low` to `high`.

    Raises:
        UserError: the value is something else.
    """
    if type(value) is not int or not low <= value <= high:
        raise damaged(f"{name} is not a whole number from {low} to {high}")
    return value


def number(value: object, name: str) -> float:
    """Return a number, also NaN or an infinity. A whole number stays one.

    Raises:
        UserError: the value is something else.
    """
    if type(value) is int and abs(value) < 2**63:
        return value
    if type(value) is not float:
        raise damaged(f"{name} is not a number")
    return value


def seconds(value: object, name: str) -> float:
    """Return a time in seconds, at least 0 and finite.

    Raises:
        UserError: the value is something else.
    """
    found = number(value, name)
    if not 0 <= found < float("inf"):
        raise damaged(f"{name} is not a time in seconds")
    return found


def flag(value: object, name: str) -> bool:
    """Return a truth value.

    Raises:
        UserError: the value is something else.
    """
    if type(value) is not bool:
        raise damaged(f"{name} is neither true nor false")
    return value


def items(value: object, name: str, count: int | None = None) -> list[Any]:
    """Return a list.

    Raises:
        UserError: the value is no list, or does not have `count` items.
    """
    if type(value) is not list or (count is not None and len(value) != count):
        raise damaged(f"{name} is no list{'' if count is None else f' of {count} items'}")
    return value


def names(value: object, name: str, allowed: Sequence[str]) -> tuple[str, ...]:
    """Return a list of names as a tuple.

    Raises:
        UserError: the value is no list of `allowed` names.
    """
    found = items(value, name)
    if not all(type(one) is str and one in allowed for one in found):
        raise damaged(f"{name} has other names than {', '.join(allowed)}")
    return tuple(found)


def numbers_by_name(value: object, name: str) -> dict[str, float]:
    """Return an object whose values are numbers.

    Raises:
        UserError: the value is something else.
    """
    if type(value) is not dict:
        raise damaged(f"{name} is no object")
    return {key: number(one, f"{name}[{key!r}]") for key, one in value.items()}


def tensor_like(tensors: Mapping[str, Tensor], name: str, like: Tensor) -> Tensor:
    """Return a tensor with the shape and the type of another one.

    Raises:
        UserError: it is missing, or has another shape or type.
    """
    found = tensors.get(name)
    if found is None or found.shape != like.shape or found.dtype != like.dtype:
        raise damaged(f"the tensor {name!r} is missing, or has a wrong shape or type")
    return found


def part(tensors: Mapping[str, Tensor], prefix: str, like: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors with the names of `like` below a prefix.

    Raises:
        UserError: a tensor is missing, or has a wrong shape or type.
    """
    return {name: tensor_like(tensors, f"{prefix}/{name}", one) for name, one in like.items()}
