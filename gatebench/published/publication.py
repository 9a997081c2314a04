"""A publication and its results as plain data."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from decimal import Decimal
from typing import Any, Literal, get_args

Mark = Literal["verified", "secondary", "unverified"]
"""How a value is known: read in the publication or in its authors' code; read in another publication; neither."""

MARKS: tuple[Mark, ...] = get_args(Mark)

Significance = Literal["better", "worse", "not significant"]
"""How a cell differs from the publication's baseline: significantly better or worse, or not significantly."""

SIGNIFICANCES: tuple[Significance, ...] = get_args(Significance)

Statistic = Literal["mean", "best"]
"""The statistic of the values: the mean of the runs (or the value of one run), or the best of all runs."""

STATISTICS: tuple[Statistic, ...] = get_args(Statistic)

PERCENT = "%"
"""The unit of values in percent, for a metric that is a share of 1."""


@dataclass(frozen=True)
class PublishedEntry:
    """A published result of one cell: a value, or the significance of its difference from the publication's baseline.

    Attributes:
        cell: the name of the cell in `conf/cell`.
        mark: how the value or the significance is known, an item of `MARKS`. If its parts are known in different ways,
            it is the mark of the weakest part.
        value: the value as it is printed, in the unit of the result; None if there is a significance.
        sd: the printed sample standard deviation of the runs, in the same unit; None if it is not known.
        significance: an item of `SIGNIFICANCES`; None if there is a value.
        note: a remark.
        near: the names of cells that are similar to the publication's cell and have other equations. Their rows show
            the entry, and are not comparable.
        conditions: {key of a setting: value} of this cell, in addition to those of the result.
        digest: the digest of the cell's equations; "" if the cell is not in `conf/cell`.
        near_digests: the digests of the similar cells that are in `conf/cell`.
    """

    cell: str
    mark: Mark
    value: str | None = None
    sd: str | None = None
    significance: Significance | None = None
    note: str = ""
    near: tuple[str, ...] = ()
    conditions: Mapping[str, str] = field(default_factory=dict)
    digest: str = ""
    near_digests: tuple[str, ...] = ()


@dataclass(frozen=True)
class PublishedResult:
    """A table or a part of a table of a publication: one metric of one task.

    Attributes:
        name: the name, unique in the publication.
        place: the page, the table or the figure.
        task: the name of the task, without its parameters.
        metric: the name of the task's metric.
        entries: the cells.
        unit: the unit of the values: "%", or the unit of the metric.
        label: what distinguishes it from other results of the publication with the same task and metric; "" if none.
        data: the data and their split, in words.
        statistic: an item of `STATISTICS`.
        runs: the number of runs of a mean, or of which the best is given; None if it is not known.
        baseline: the name of the cell that the significances refer to; "" if there are values.
        baseline_digest: the digest of the baseline's equations; "" if there is no baseline.
        conditions: {key of a setting: value}. Trials with another value are not comparable.
        differences: the differences of the protocol that are known and do not prevent a comparison.
        decisive: the differences of the protocol for which no trial is comparable.
        others: {model that is no cell of ours: its value and mark in words}.
    """

    name: str
    place: str
    task: str
    metric: str
    entries: tuple[PublishedEntry, ...]
    unit: str = ""
    label: str = ""
    data: str = ""
    statistic: Statistic = "mean"
    runs: int | None = None
    baseline: str = ""
    baseline_digest: str = ""
    conditions: Mapping[str, str] = field(default_factory=dict)
    differences: tuple[str, ...] = ()
    decisive: tuple[str, ...] = ()
    others: Mapping[str, str] = field(default_factory=dict)

    @property
    def has_values(self) -> bool:
        """Whether the entries have values. If not, they have significances."""
        return not self.baseline

    @property
    def factor(self) -> float:
        """The factor from the unit of the values to the unit of the metric: 0.01 for percent, else 1."""
        return 0.01 if self.unit == PERCENT else 1.0


@dataclass(frozen=True)
class Publication:
    """A publication.

    Attributes:
        name: the name of its file, for example "greff2017".
        citation: the authors and the year in short, for example "Greff et al. 2017".
        source: the authors, the title and the place of publication.
        year: the year.
        results: its results.
    """

    name: str
    citation: str
    source: str
    year: int
    results: tuple[PublishedResult, ...]

    def on_tasks(self, tasks: Collection[str]) -> Publication:
        """Return the publication with its results on some tasks.

        Args:
            tasks: the names of the tasks.
        """
        return replace(self, results=tuple(result for result in self.results if result.task in tasks))

    def to_dict(self) -> dict[str, Any]:
        """Return the publication as plain data for JSON, which `content.publication_of` reads, without empty parts."""
        content: dict[str, Any] = asdict(self)
        results = {result.pop("name"): result for result in content["results"]}
        for result in results.values():
            entries = {entry.pop("cell"): entry for entry in result["entries"]}
            result["entries"] = {cell: _without_empty(entry) for cell, entry in entries.items()}
        return {**content, "results": {name: _without_empty(result) for name, result in results.items()}}


def last_digit(value: str) -> float:
    """Return the size of one unit of the last digit of a printed number.

    Examples:
        >>> last_digit("8.40"), last_digit("92"), last_digit("5.3e-5")
        (0.01, 1.0, 1e-06)
    """
    exponent = Decimal(value).as_tuple().exponent
    return float(Decimal((0, (1,), exponent))) if isinstance(exponent, int) else 0.0


def _without_empty(part: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in part.items() if value not in (None, "", (), [], {})}
