"""Arms: the trials of one cell with the same settings on one task, by seed.

The trials of an arm may also differ in the settings of a search, and in those that `vary=` names. Then they are ordered
by their numbers, see `gatebench.report.varied_settings`.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isfinite, isnan
from statistics import median

from gatebench.cells import ARCHITECTURES
from gatebench.errors import UserError
from gatebench.outcome import Outcome
from gatebench.report.arm_settings import Settings, differing_settings, settings_rank, settings_text
from gatebench.report.number_format import one_line
from gatebench.report.varied_settings import differing_keys, trial_numbers, varied_values
from gatebench.study import ARM_CELL, View

SEPARATOR = " · "
"""The text between a cell's name and its settings."""

SIMPLE_METHOD = "baseline/"
"""The prefix of the metrics of a task's simple methods, such as "baseline/repeat-last"."""

LARGEST_SCORE = 1e100
"""The size from which a score counts as diverged: sums of squares of larger ones are infinite."""

ArmKey = tuple[str, Settings]
"""The digest of the cell's equations, and the settings in which the arms of the task differ."""


@dataclass(frozen=True)
class Selection:
    """How the trials of an arm were selected by their validation scores, see `gatebench.report.selection`.

    Attributes:
        view: "best10" or "best".
        count: the number of selected trials; "best": 1, the number of selected settings.
        total: the number of trials, or of settings, that it was selected from.
        not_considered: the number of trials that did not end; "best": the number of settings that lack trials.
        chosen: "best": the selected settings, of those that differ between the trials of the arm.
    """

    view: View
    count: int
    total: int
    not_considered: int = 0
    chosen: Settings = ()


@dataclass(frozen=True)
class Arm:
    """The trials of one cell with the same settings on one task, or of a search over some of the settings.

    Attributes:
        label: the label of the row, e.g. "lstm = lstm_np · model.hidden_size=64". It is unique in a task.
        labels: the labels of the cell. Cells with equal equations have several, for example ("lstm", "lstm_np").
        cell_digest: the digest of the cell's equations; of a named arm the digest of its settings.
        settings: the settings in which the arms of the task differ, as pairs of key and value.
        trials: {seed: outcome}, in the order of the seeds. If trials with the same seed differ in other settings, the
            keys are the numbers of the trials and no seeds.
        seeds: the seeds of all arms of the task, in order; or the numbers of the trials.
        varied: the keys of the settings in which the trials of the task's arms differ, other than the seed.
        numbered: whether the keys of `trials` are numbers of trials.
        selection: how the trials were selected; None: they are all trials.
    """

    label: str
    labels: tuple[str, ...]
    cell_digest: str
    settings: Settings
    trials: Mapping[int, Outcome]
    seeds: tuple[int, ...]
    varied: tuple[str, ...] = ()
    numbered: bool = False
    selection: Selection | None = None

    @property
    def key(self) -> ArmKey:
        """The digest and the settings, which identify this arm among those of its task."""
        return self.cell_digest, self.settings

    @property
    def equations(self) -> str:
        """The digest of the cell's equations, also if the arm was named."""
        return next(iter(self.trials.values())).settings.get(ARM_CELL, self.cell_digest)

    def matches(self, name: str) -> bool:
        """Return whether a name, as a baseline has it, is a label of the cell or its digest."""
        return name in (*self.labels, self.cell_digest)

    @cached_property
    def metrics(self) -> dict[int, Mapping[str, float]]:
        """{seed: all final metrics} of the finished trials."""
        return {seed: trial.metrics for seed, trial in self.trials.items() if trial.status == "finished"}

    @property
    def is_architecture(self) -> bool:
        """Whether its trials have an architecture that is no cell."""
        return any(trial.settings.get("cell.base") in ARCHITECTURES for trial in self.trials.values())

    def values(self, metric: str) -> list[float]:
        """Return the values of a metric, of every finished trial that has it, in the order of the seeds."""
        return [metrics[metric] for metrics in self.metrics.values() if metric in metrics]

    def median(self, metric: str) -> float | None:
        """Return the median of a metric over the finished trials; None if no trial has it."""
        return median(values) if (values := self.values(metric)) else None

    def scores(self, metric: str) -> dict[int, float]:
        """Return {seed: score} of the finished trials with a score below `LARGEST_SCORE`."""
        found = {seed: float(metrics[metric]) for seed, metrics in self.metrics.items() if metric in metrics}
        return {seed: score for seed, score in found.items() if is_score(score)}

    def diverged(self, metric: str) -> dict[int, str]:
        """Return {seed: message} of the trials that diverged or ended with a score that is not finite or huge.

        A trial that diverged late counts here although its best checkpoint has a score.
        """
        reasons = {}
        for seed, trial in self.trials.items():
            if trial.status == "diverged":
                reasons[seed] = one_line(trial.sentence).rstrip(".")
            elif trial.status == "finished" and metric in trial.metrics and not is_score(trial.metrics[metric]):
                reasons[seed] = f"{metric} is {trial.metrics[metric]}"
        return reasons

    def unfinished(self, metric: str) -> dict[int, str]:
        """Return {seed: reason} of the trials that failed, were refused or interrupted, or lack the metric."""
        reasons = {}
        for seed, trial in self.trials.items():
            if trial.status not in ("finished", "diverged"):
                reasons[seed] = _with_sentence(trial.status, trial)
            elif trial.status == "finished" and metric not in trial.metrics:
                reasons[seed] = f"finished without {metric}"
        return reasons

    def absent(self) -> list[int]:
        """Return the seeds of other arms with which this one has no trial."""
        return [seed for seed in self.seeds if seed not in self.trials]

    def constant(self, metric: str) -> float | None:
        """Return a metric that is the same in all trials, e.g. "parameters"; None if no trial has it.

        It is also None if it differs because the trials have different settings, see `extent`.

        Raises:
            UserError: it differs between seeds, so the trials are not of one experiment.
        """
        values = self.extent(metric)
        if len(values) > 1 and self.varied:
            return None
        if len(values) > 1:
            raise UserError(
                f"The trials of cell {self.label!r} have networks of {values[0]:,.0f} and {values[-1]:,.0f} {metric}; "
                "a table takes the trials of one experiment."
            )
        return values[0] if values else None

    def extent(self, metric: str) -> tuple[float, ...]:
        """Return the different values of a metric in all trials, in order."""
        return tuple(sorted({trial.metrics[metric] for trial in self.trials.values() if metric in trial.metrics}))

    def simple_methods(self) -> dict[str, float]:
        """Return the headline scores of the task's simple methods by name. They are the same in every trial.

        They are in the order of the scores, because the order of the metrics depends on where they are recorded.
        """
        items = (item for trial in self.trials.values() for item in trial.metrics.items())
        scores = {name.removeprefix(SIMPLE_METHOD): value for name, value in items if name.startswith(SIMPLE_METHOD)}
        return dict(sorted(scores.items(), key=lambda item: (isnan(item[1]), item[1], item[0])))


def is_score(value: float) -> bool:
    """Return whether a value can be a score: it is finite and not huge."""
    return isfinite(value) and abs(value) < LARGEST_SCORE


def _with_sentence(status: str, trial: Outcome) -> str:
    message = one_line(trial.sentence).rstrip(".")
    return f"{status} ({message})" if message else status


def arms_of(outcomes: Sequence[Outcome], varied: Collection[str] = ()) -> list[Arm]:
    """Return the arms of one task, in the order in which their cells first occur, then in the order of their settings.

    Cells with equal equations are one arm with several labels. Several outcomes of one trial (the same digest, for
    example a failure and its repetition) count once. A finished one counts before all others.

    Args:
        outcomes: the outcomes of one task.
        varied: the keys of the settings in which the trials of an arm may differ, besides the seed.

    Raises:
        UserError: two different trials of a cell have the same seed and the same settings, for example with other data.
    """
    settings = differing_settings(outcomes, varied)
    differing = differing_keys(outcomes, varied)
    numbers = trial_numbers([outcome.seed for outcome in outcomes], varied_values(outcomes, differing))
    labels: dict[str, dict[str, None]] = {}
    trials: dict[ArmKey, dict[int, Outcome]] = {}
    for outcome, own_settings, number in zip(outcomes, settings, numbers, strict=True):
        labels.setdefault(outcome.cell_digest, {})[outcome.cell] = None
        by_number = trials.setdefault((outcome.cell_digest, own_settings), {})
        earlier = by_number.setdefault(number, outcome)
        if earlier.digest != outcome.digest:
            raise _two_trials(earlier, outcome)
        if earlier.status != "finished":
            by_number[number] = outcome
    numbered = numbers != [outcome.seed for outcome in outcomes]
    expected = tuple(sorted(set(numbers)))
    is_shared = not numbered or any(len(own) == len(expected) for own in trials.values())
    names = _names(labels)
    ranks = {digest: rank for rank, digest in enumerate(labels)}
    keys = sorted(trials, key=lambda key: (ranks[key[0]], settings_rank(key[1])))
    return [
        Arm(
            label=SEPARATOR.join(filter(None, [names[digest], one_line(settings_text(own_settings))])),
            labels=tuple(labels[digest]),
            cell_digest=digest,
            settings=own_settings,
            trials=dict(sorted(trials[digest, own_settings].items())),
            seeds=expected if is_shared else tuple(sorted(trials[digest, own_settings])),
            varied=differing,
            numbered=numbered,
        )
        for digest, own_settings in keys
    ]


def _two_trials(first: Outcome, second: Outcome) -> UserError:
    """Return the error for two trials that would have the same place in a row."""
    files = [name for name in {**first.facts, **second.facts} if name.startswith("data/")]
    different = [name.removeprefix("data/") for name in files if first.facts.get(name) != second.facts.get(name)]
    reason = f", with different data ({one_line(', '.join(different))})" if different else ""
    return UserError(
        f"Cell {first.cell!r} has two different trials with seed {first.seed} on task {first.task!r} "
        f"({first.digest} and {second.digest}{reason}); a table takes the trials of one experiment."
    )


def _names(labels: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """Return {digest: name of the cell in the table}: its labels, with the digest if another cell has the same ones."""
    names = {digest: one_line(" = ".join(own)) for digest, own in labels.items()}
    counts = Counter(names.values())
    return {digest: name if counts[name] == 1 else f"{name} ({digest[:8]})" for digest, name in names.items()}
