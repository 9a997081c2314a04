"""Arms: the trials of one cell on one task, by seed. A seed without a score is reported with the reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from gatebench.errors import UserError
from gatebench.outcome import Outcome
from gatebench.report.number_format import one_line

SIMPLE_METHOD = "baseline/"
"""The prefix of the metrics of a task's simple methods, such as "baseline/repeat-last"."""

CellKey = tuple[str, str]
"""The label of a cell and the digest of its equations."""


@dataclass(frozen=True)
class Arm:
    """One cell on one task.

    Every arm of a task has the same seeds: each seed is in `scores` or in `missing`.

    Attributes:
        label: the label of the cell.
        cell_digest: the digest of the cell's equations.
        scores: {seed: headline score}.
        metrics: {seed: all final metrics}, of the seeds in `scores`.
        missing: {seed: the reason why it has no score}.
    """

    label: str
    cell_digest: str
    scores: Mapping[int, float]
    metrics: Mapping[int, Mapping[str, float]]
    missing: Mapping[int, str]

    @property
    def key(self) -> CellKey:
        """The label and the digest, which identify this arm among those of its task."""
        return self.label, self.cell_digest

    @property
    def n(self) -> int:
        """The number of seeds with a score."""
        return len(self.scores)

    def values(self, metric: str) -> list[float]:
        """Return the values of a metric, of every seed that has it, in the order of the seeds."""
        return [metrics[metric] for _, metrics in sorted(self.metrics.items()) if metric in metrics]

    def median(self, metric: str) -> float | None:
        """Return the median of a metric over the seeds; None if no seed has it."""
        return median(values) if (values := self.values(metric)) else None

    def parameters(self) -> float | None:
        """Return the number of parameters of the network; None if no seed has it.

        Raises:
            UserError: the numbers differ between seeds, so the trials are not of one experiment.
        """
        counts = sorted(set(self.values("parameters")))
        if len(counts) > 1:
            raise UserError(
                f"The trials of cell {self.label!r} have networks of {counts[0]:,.0f} and {counts[-1]:,.0f} "
                "parameters; a table takes the trials of one experiment."
            )
        return counts[0] if counts else None

    def simple_methods(self) -> dict[str, float]:
        """Return the headline scores of the task's simple methods by name. They are the same in every trial."""
        items = (item for metrics in self.metrics.values() for item in metrics.items())
        return {name.removeprefix(SIMPLE_METHOD): value for name, value in items if name.startswith(SIMPLE_METHOD)}

    def missing_note(self) -> str:
        """Return a note on the seeds without a score, e.g. "n = 4 of 5: seed 3 diverged."; "" if there are none."""
        if not self.missing:
            return ""
        seeds: dict[str, list[int]] = {}
        for seed, reason in sorted(self.missing.items()):
            seeds.setdefault(reason, []).append(seed)
        total = self.n + len(self.missing)
        parts = [f"{_seeds_text(some, total)} {reason}" for reason, some in seeds.items()]
        return f"n = {self.n} of {total}: {'; '.join(parts)}."


def _seeds_text(seeds: Sequence[int], total: int) -> str:
    if len(seeds) == total > 1:
        return "every seed"
    return f"seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}"


def arms_of(outcomes: Sequence[Outcome], score: str) -> list[Arm]:
    """Return the arms of one task, in the order in which their cells first occur.

    Several outcomes of one trial (the same digest, for example a failure and its repetition) count once. A finished
    one counts before all others.

    Args:
        outcomes: the outcomes of one task.
        score: the name of the headline metric, for example "test/accuracy".

    Raises:
        UserError: there are two different trials of one cell and seed, so they are not of one experiment.
    """
    trials: dict[CellKey, dict[int, Outcome]] = {}
    for outcome in outcomes:
        by_seed = trials.setdefault((outcome.cell, outcome.cell_digest), {})
        earlier = by_seed.setdefault(outcome.seed, outcome)
        if earlier.digest != outcome.digest:
            raise UserError(
                f"Cell {outcome.cell!r} has two different trials with seed {outcome.seed} on task {outcome.task!r} "
                f"({earlier.digest} and {outcome.digest}); a table takes the trials of one experiment."
            )
        if earlier.status != "finished":
            by_seed[outcome.seed] = outcome
    all_seeds = sorted({outcome.seed for outcome in outcomes})
    return [_arm(key, by_seed, all_seeds, score) for key, by_seed in trials.items()]


def _arm(key: CellKey, by_seed: Mapping[int, Outcome], all_seeds: Sequence[int], score: str) -> Arm:
    reasons = {seed: _missing_reason(by_seed.get(seed), score) for seed in all_seeds}
    metrics = {seed: by_seed[seed].metrics for seed in all_seeds if not reasons[seed]}
    scores = {seed: float(values[score]) for seed, values in metrics.items()}
    return Arm(*key, scores, metrics, {seed: reason for seed, reason in reasons.items() if reason})


def _missing_reason(outcome: Outcome | None, score: str) -> str:
    """Return why an outcome has no score; "" if it has one."""
    if outcome is None:
        return "without a trial"
    if outcome.status != "finished":
        message = one_line(outcome.sentence).rstrip(".")
        return f"{outcome.status} ({message})" if message else outcome.status
    if not abs(outcome.metrics.get(score, float("nan"))) < float("inf"):
        return f"finished without a finite {score}"
    return ""
