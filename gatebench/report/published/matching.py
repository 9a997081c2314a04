"""The published results that belong to the table of a task, and the entry that belongs to a row."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isclose

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
    """

    publication: Publication
    result: PublishedResult

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
        for entry in self.result.entries:
            if arm.matches(entry.cell) or entry.digest == arm.cell_digest:
                return entry
        return next((entry for entry in self.result.entries if any(map(arm.matches, entry.near))), None)

    def is_baseline(self, arm: Arm) -> bool:
        """Return whether the arm is the baseline of the publication."""
        return bool(self.result.baseline) and arm.matches(self.result.baseline)

    def is_near(self, arm: Arm, entry: PublishedEntry) -> bool:
        """Return whether the arm has other equations than the cell of the entry."""
        return not (arm.matches(entry.cell) or entry.digest == arm.cell_digest)

    def broken(self, arm: Arm, entry: PublishedEntry | None) -> list[str]:
        """Return the conditions that the arm does not meet, e.g. ["task.order is row here and pixel there"]."""
        conditions = {**self.result.conditions, **(entry.conditions if entry else {})}
        found = {key: _values(arm, key) for key in conditions}
        return [
            one_line(f"{key} is {_shown(found[key])} here and {value} there")
            for key, value in conditions.items()
            if not all(_equal(one, value) for one in found[key])
        ]


def shown_results(
    publications: Iterable[Publication], task: str, metric: str, arms: Sequence[Arm]
) -> list[ShownResult]:
    """Return the results for the table of a task and a metric.

    A publication may have several results for them, for example one for each size. Those are shown whose conditions a
    row meets; if there are none, those with the fewest conditions that a row does not meet.

    Args:
        publications: the publications of the study.
        task: the label of the task.
        metric: the name of the metric.
        arms: the arms of the task.
    """
    name = task.partition("[")[0]
    shown = []
    for publication in publications:
        results = [
            ShownResult(publication, result)
            for result in publication.results
            if result.task == name and result.metric == metric
        ]
        distances = [min(len(one.broken(arm, one.entry(arm))) for arm in arms) for one in results]
        shown += [one for one, distance in zip(results, distances, strict=True) if distance == min(distances)]
    return shown


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
