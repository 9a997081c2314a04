"""Epochs and outcomes as JSON objects, and back. Objects from elsewhere are checked: nothing in them is trusted."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any, get_args

from gatebench.errors import UserError
from gatebench.outcome import Epoch, Outcome, Status
from gatebench.task import Metric

_STATUSES: tuple[Status, ...] = get_args(Status)


def epoch_json(epoch: Epoch, when: float) -> dict[str, Any]:
    """Return an epoch as a JSON object.

    Args:
        epoch: the epoch. The digest is that of the journal, so it is left out.
        when: the time of an epoch that has none.
    """
    return {
        "epoch": epoch.epoch,
        "total": epoch.total,
        "when": epoch.when or when,
        "metrics": {name: float(value) for name, value in epoch.metrics.items()},
    }


def read_epoch(content: Mapping[str, Any], digest: str) -> Epoch:
    """Return the epoch of a JSON object.

    Raises:
        UserError: the object is not an epoch.
    """
    return Epoch(
        digest,
        _whole_number(content, "epoch"),
        _whole_number(content, "total"),
        _numbers(content, "metrics"),
        number(content, "when"),
    )


def outcome_json(outcome: Outcome, when: float) -> dict[str, Any]:
    """Return an outcome without its files as a JSON object.

    Args:
        outcome: the outcome.
        when: the time of an outcome that has none.
    """
    content = {field.name: getattr(outcome, field.name) for field in fields(Outcome) if field.name != "files"}
    return content | {
        "metrics": {name: float(value) for name, value in outcome.metrics.items()},
        "facts": dict(outcome.facts),
        "settings": dict(outcome.settings),
        "metric": None if outcome.metric is None else asdict(outcome.metric),
        "other_metrics": [asdict(metric) for metric in outcome.other_metrics],
        "when": outcome.when or when,
    }


def read_outcome(content: Mapping[str, Any]) -> Outcome:
    """Return the outcome of a JSON object, without files.

    Raises:
        UserError: the object is not an outcome.
    """
    statuses: dict[str, Status] = {status: status for status in _STATUSES}
    if (status := statuses.get(text(content, "status"))) is None:
        raise _wrong("status", content["status"])
    metric, chance = content.get("metric"), content.get("chance")
    return Outcome(
        digest=text(content, "digest"),
        cell=text(content, "cell"),
        cell_digest=text(content, "cell_digest"),
        task=text(content, "task"),
        seed=_whole_number(content, "seed"),
        status=status,
        sentence=text(content, "sentence"),
        metrics=_numbers(content, "metrics"),
        facts=texts(content, "facts"),
        metric=None if metric is None else _read_metric(metric),
        chance=None if chance is None else number(content, "chance"),
        other_metrics=tuple(_read_metric(one) for one in _list(content, "other_metrics")),
        table_metrics=tuple(str(one) for one in _list(content, "table_metrics")),
        settings=texts(content, "settings"),
        when=number(content, "when"),
    )


def text(content: Mapping[str, Any], key: str) -> str:
    """Return the text at a key of a JSON object."""
    value = content.get(key)
    if not isinstance(value, str):
        raise _wrong(key, value)
    return value


def texts(content: Mapping[str, Any], key: str) -> dict[str, str]:
    """Return the texts by name at a key of a JSON object."""
    value = mapping(content, key)
    if not all(isinstance(one, str) for one in value.values()):
        raise _wrong(key, value)
    return value


def mapping(content: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return the JSON object at a key of a JSON object."""
    value = content.get(key)
    if not isinstance(value, dict):
        raise _wrong(key, value)
    return value


def number(content: Mapping[str, Any], key: str) -> float:
    """Return the number at a key of a JSON object."""
    return _number(key, content.get(key))


def _number(key: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong(key, value)
    try:
        return float(value)
    except OverflowError:
        raise _wrong(key, "a number of many digits") from None


def _numbers(content: Mapping[str, Any], key: str) -> dict[str, float]:
    return {name: _number(name, value) for name, value in mapping(content, key).items()}


def _whole_number(content: Mapping[str, Any], key: str) -> int:
    value = content.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**63:
        raise _wrong(key, value)
    return value


def _list(content: Mapping[str, Any], key: str) -> list[Any]:
    value = content.get(key)
    if not isinstance(value, list | tuple):
        raise _wrong(key, value)
    return list(value)


def _read_metric(content: object) -> Metric:
    if not isinstance(content, dict):
        raise _wrong("metric", content)
    low, high = content.get("low"), content.get("high")
    return Metric(
        text(content, "name"),
        "max" if content.get("direction") == "max" else "min",
        text(content, "unit"),
        None if low is None else number(content, "low"),
        None if high is None else number(content, "high"),
    )


def _wrong(key: str, value: object) -> UserError:
    shown = repr(value)
    return UserError(
        f"A record of the spool has a wrong {key} ({shown[:40]}{'…' if len(shown) > 40 else ''}), so it is not used."
    )
