"""A publication from the content of a YAML file or of a study's declaration: every key and every value is checked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import MISSING, fields
from math import isfinite
from typing import Any, TypeVar

import yaml

from gatebench.errors import UserError, unknown
from gatebench.published.publication import (
    MARKS,
    SIGNIFICANCES,
    STATISTICS,
    Publication,
    PublishedEntry,
    PublishedResult,
)

Choice = TypeVar("Choice", bound=str)

CONDITION_GROUPS = ("model.", "training.", "task.")
"""The beginnings of the keys of conditions."""

LARGEST_RUNS = 10**6
"""The largest number of runs of a result."""


def publication_of(name: str, content: object, where: str) -> Publication:
    """Return a publication.

    Args:
        name: its name.
        content: {citation, source, year, results: {name: {place, task, metric, entries: {cell: {mark, value}}, …}}}.
            All values may be texts.
        where: the place of the content in messages, for example "conf/published/greff2017.yaml".

    Raises:
        UserError: a key is unknown or missing, or a value is not allowed.
    """
    part = _Part(content, where)
    part.check_keys(Publication, extra=("name",))
    results = [_result(key, value, f"{where}, results.{key}") for key, value in part.mapping("results").items()]
    if not results:
        raise UserError(f"{where}: results is empty; it must have at least one result.")
    year = part.whole("year", 1900, 2100)
    return Publication(name, part.text("citation"), part.text("source"), int(year or 0), tuple(results))


def _result(name: str, content: object, where: str) -> PublishedResult:
    part = _Part(content, where)
    part.check_keys(PublishedResult)
    baseline = part.optional_text("baseline")
    cells = part.mapping("entries").items()
    entries = tuple(_entry(cell, value, bool(baseline), f"{where}.entries.{cell}") for cell, value in cells)
    if not entries:
        raise UserError(f"{where}: entries is empty; it must have at least one cell.")
    if baseline in {entry.cell for entry in entries}:
        raise UserError(f"{where}: the baseline {baseline!r} is also an entry; leave it out of the entries.")
    return PublishedResult(
        name=name,
        place=part.text("place"),
        task=part.text("task"),
        metric=part.text("metric"),
        entries=entries,
        unit=part.optional_text("unit"),
        label=part.optional_text("label"),
        data=part.optional_text("data"),
        statistic=part.choice("statistic", STATISTICS, STATISTICS[0]),
        runs=part.whole("runs", 1, LARGEST_RUNS),
        baseline=baseline,
        baseline_digest=part.optional_text("baseline_digest"),
        conditions=_conditions(part, where),
        differences=part.texts("differences"),
        decisive=part.texts("decisive"),
        others={key: _plain(f"{where}.others.{key}", value) for key, value in part.mapping("others").items()},
    )


def _entry(cell: str, content: object, significance: bool, where: str) -> PublishedEntry:
    """Return an entry, which has a significance if the result has a baseline, else a value."""
    part = _Part(content, where)
    part.check_keys(PublishedEntry)
    needed, other = ("significance", "value") if significance else ("value", "significance")
    if needed not in part.content or other in part.content:
        reason = "has a baseline" if significance else "has no baseline"
        raise UserError(f"{where} must have a {needed} and no {other}, because the result {reason}.")
    return PublishedEntry(
        cell=cell,
        mark=part.choice("mark", MARKS),
        value=part.number("value"),
        sd=part.number("sd"),
        significance=part.choice("significance", SIGNIFICANCES) if significance else None,
        note=part.optional_text("note"),
        near=part.texts("near"),
        conditions=_conditions(part, where),
        digest=part.optional_text("digest"),
        near_digests=part.texts("near_digests"),
    )


def _conditions(part: _Part, where: str) -> dict[str, str]:
    """Return the conditions. Their values are written as a trial's settings are: "False", "none" for null."""
    conditions = {}
    for key, value in part.mapping("conditions").items():
        if not key.startswith(CONDITION_GROUPS):
            raise UserError(
                f"{where}: the condition {key!r} is no setting of a trial; it must begin with "
                f"{', '.join(CONDITION_GROUPS[:-1])} or {CONDITION_GROUPS[-1]}"
            )
        conditions[key] = setting_text(_plain(f"{where}.conditions.{key}", value))
    return conditions


def setting_text(text: str) -> str:
    """Return the value of a setting as a trial writes it.

    Examples:
        >>> setting_text("false"), setting_text("null"), setting_text("600"), setting_text("pixel")
        ('False', 'none', '600', 'pixel')
    """
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        return text
    return "none" if value is None else str(value)


class _Part:
    """A mapping with text keys, of which single values are read and checked.

    Args:
        content: the mapping.
        where: its place in messages.

    Raises:
        UserError: it is not a mapping.
    """

    def __init__(self, content: object, where: str) -> None:
        if not isinstance(content, Mapping):
            raise UserError(f"{where} is {_shown(content)}; it must be a mapping of keys and values.")
        self.content: dict[str, Any] = {str(key): value for key, value in content.items()}
        self._where = where

    def check_keys(self, kind: type, extra: Collection[str] = ()) -> None:
        """Check that all keys are attributes of a dataclass, and that those without a default exist."""
        attributes = [f for f in fields(kind) if f.name not in ("name", "cell")]
        for key in self.content:
            if key not in (*(f.name for f in attributes), *extra):
                raise unknown("key", key, [f.name for f in attributes], where=f"in {self._where}")
        for f in attributes:
            if f.default is MISSING and f.default_factory is MISSING and f.name not in self.content:
                raise UserError(f"{self._where} has no {f.name}, which every entry of this kind needs.")

    def text(self, key: str) -> str:
        """Return a text that must not be empty."""
        text = self.optional_text(key)
        if not text:
            raise UserError(f"{self._where}: {key} is empty; it must be a text.")
        return text

    def optional_text(self, key: str) -> str:
        """Return a text, "" if the key is absent."""
        return _plain(f"{self._where}: {key}", self.content.get(key, ""))

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts."""
        value = self.content.get(key, ())
        if not isinstance(value, list | tuple):
            raise UserError(f"{self._where}: {key} is {_shown(value)}; it must be a list of texts.")
        return tuple(_plain(f"{self._where}: {key}", one) for one in value)

    def mapping(self, key: str) -> dict[str, Any]:
        """Return a mapping, an empty one if the key is absent."""
        return _Part(self.content.get(key, {}), f"{self._where}: {key}").content

    def choice(self, key: str, allowed: Iterable[Choice], default: Choice | None = None) -> Choice:
        """Return one of the allowed texts."""
        text = self.optional_text(key)
        allowed = tuple(allowed)
        if not text and default is not None:
            return default
        for one in allowed:
            if one == text:
                return one
        raise unknown(key, text, allowed, where=f"in {self._where}")

    def number(self, key: str) -> str | None:
        """Return the text of a finite number; None if the key is absent."""
        if key not in self.content:
            return None
        text = self.optional_text(key)
        try:
            known = isfinite(float(text)) and "_" not in text
        except ValueError:
            known = False
        if not known:
            raise UserError(f"{self._where}: {key} is {_shown(text)}; it must be a number.")
        return text.strip()

    def whole(self, key: str, least: int, most: int) -> int | None:
        """Return a whole number; None if the key is absent."""
        if key not in self.content:
            return None
        text = self.optional_text(key)
        if not (text.isascii() and text.isdecimal() and least <= int(text[:20]) <= most):
            raise UserError(
                f"{self._where}: {key} is {_shown(text)}; it must be a whole number from {least} to {most}."
            )
        return int(text)


def _plain(where: str, value: object) -> str:
    """Return a scalar as text in one line."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise UserError(f"{where} is {_shown(value)}; it must be a text or a number.")
    return " ".join(str(value).split())


def _shown(value: object) -> str:
    """Return a value for a message, cut after 60 characters."""
    text = "empty" if value is None else repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
