"""The published results that belong to the table of a task, and the entry that belongs to a row."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isclose
from types import MappingProxyType

from gatebench.published import Publication, PublishedEntry, PublishedResult
from gatebench.report.arm_settings import ABSENT
from gatebench.report.arms import Arm
from gatebench.report.number_format import one_line

MOST_VALUES = 3
"""The largest number of values of a setting that a reason shows."""


@dataclass(frozen=True)
class ShownResult:
    """A published result beside the rows of a table.

    Attributes:
        publication: the publication.
        result: its result.
        arms: {name: settings} of the named arms of the study, whose rows lack these settings.
    """

    publication: Publication
    result: PublishedResult
    arms: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The publication in short, e.g. "Greff et al. 2017" or "Greff et al. 2017 (best trial)"."""
        label = f" ({self.result.label})" if self.result.label else ""
        return one_line(f"{self.publication.citation}{label}")

    @property
    def key(self) -> str:
        """The beginning of its columns for programs, e.g. "published/greff2017/jsb_best"."""
        return f"published/{self.publication.name}/{self.result.name}"

    def entry(self, arm: Arm) -> PublishedEntry | None:
        """Return the entry of an arm; None if there is none."""
        same = (entry for entry in self.result.entries if _is_of(arm, entry.cell, entry.digest))
        near = (entry for entry in self.result.entries if _is_near(arm, entry))
        return next(same, None) or next(near, None)

    def is_baseline(self, arm: Arm) -> bool:
        """Return whether the arm is the baseline of the publication."""
        return bool(self.result.baseline) and _is_of(arm, self.result.baseline, self.result.baseline_digest)

    def is_near(self, arm: Arm, entry: PublishedEntry) -> bool:
        """Return whether the arm has other equations than the cell of the entry."""
        return not _is_of(arm, entry.cell, entry.digest)

    def broken(self, arm: Arm, entry: PublishedEntry | None) -> list[str]:
        """Return the conditions that the arm does not meet, e.g. ["task.order is row here and pixel there"]."""
        conditions = {**self.result.conditions, **(entry.conditions if entry else {})}
        of_arm = next((settings for name, settings in self.arms.items() if arm.matches(name)), {})
        found = {key: [of_arm[key]] if key in of_arm else _values(arm, key) for key in conditions}
        return [
            one_line(f"{key} is {_shown(found[key])} here and {value} there")
            for key, value in conditions.items()
            if not all(_equal(one, value) for one in found[key])
        ]


def shown_results(
    publications: Iterable[Publication],
    task: str,
    metric: str,
    arms: Sequence[Arm],
    named: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
) -> list[ShownResult]:
    """Return the results for the table of a task and a metric.

    A publication may have several results for them, for example one for each size. Those are shown whose conditions a
    row meets; if there are none, those with the fewest conditions that a row does not meet. Rows without an entry only
    count if no row has one.

    Args:
        publications: the publications of the study.
        task: the label of the task.
        metric: the name of the metric.
        arms: the arms of the task.
        named: {name: settings} of the named arms of the study.
    """
    name = task.partition("[")[0]
    shown = []
    for publication in publications:
        results = [
            ShownResult(publication, result, named)
            for result in publication.results
            if result.task == name and result.metric == metric
        ]
        distances = [_distance(one, arms) for one in results]
        shown += [one for one, distance in zip(results, distances, strict=True) if distance == min(distances)]
    return shown


def _distance(result: ShownResult, arms: Sequence[Arm]) -> int:
    """Return the smallest number of conditions that a row does not meet."""
    entries = [(arm, result.entry(arm)) for arm in arms]
    with_entry = [(arm, entry) for arm, entry in entries if entry is not None]
    return min(len(result.broken(arm, entry)) for arm, entry in with_entry or entries)


def _is_of(arm: Arm, cell: str, digest: str) -> bool:
    """Return whether an arm has a cell, by its label or by its equations; a named arm has a label of its own."""
    return arm.matches(cell) or (bool(digest) and digest in (arm.cell_digest, arm.equations))


def _is_near(arm: Arm, entry: PublishedEntry) -> bool:
    """Return whether an arm has one of the cells that are similar to that of an entry."""
    return any(map(arm.matches, entry.near)) or arm.equations in entry.near_digests


def _values(arm: Arm, key: str) -> list[str]:
    """Return the values of a setting in the trials of an arm, each once."""
    return list(dict.fromkeys(trial.settings.get(key, ABSENT) for trial in arm.trials.values()))


def _shown(values: Sequence[str]) -> str:
    """Return the values, or the first ones and how many there are, if there are many."""
    if len(values) <= MOST_VALUES:
        return ", ".join(values)
    return f"{', '.join(values[:MOST_VALUES])}, … ({len(values)} values)"


def _equal(first: str, second: str) -> bool:
    """Return whether two settings are equal, as texts or as numbers."""
    try:
        return first == second or isclose(float(first), float(second))
    except ValueError:
        return False
