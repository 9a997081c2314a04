"""Arms: the trials of one cell on one task, by seed. What is missing is named, never averaged away."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from gatebench.errors import UserError
from gatebench.outcome import Outcome
from gatebench.report.number_format import one_line

SIMPLE = "baseline/"  # how the figures of a task's simple methods are called
Key = tuple[str, str]  # label and digest of the equations: a number belongs to both


@dataclass(frozen=True)
class Arm:
    """One cell on one task.

    scores: {seed: headline score}; metrics: {seed: all final figures} of the same seeds; lost: {seed: why it has none}.
    The seeds of scores and lost together are the same for every arm of a task.
    """

    label: str
    cell_digest: str
    scores: Mapping[int, float]
    metrics: Mapping[int, Mapping[str, float]]
    lost: Mapping[int, str]

    @property
    def key(self) -> Key:
        """What tells this arm from the others of its task."""
        return self.label, self.cell_digest

    @property
    def n(self) -> int:
        """The number of seeds with a score."""
        return len(self.scores)

    def figures(self, name: str) -> list[float]:
        """Return the figure `name` of every seed that has it, in the order of the seeds."""
        return [metrics[name] for _, metrics in sorted(self.metrics.items()) if name in metrics]

    def median(self, name: str) -> float | None:
        """Return the median over the seeds of the figure `name`; None where no seed has it."""
        return median(figures) if (figures := self.figures(name)) else None

    def parameters(self) -> float | None:
        """Return the number of parameters; None where no seed has it.

        Raises:
            UserError: the seeds disagree, so they are not of one network.
        """
        counts = sorted(set(self.figures("parameters")))
        if len(counts) > 1:
            raise UserError(
                f"The trials of cell {self.label!r} have networks of {counts[0]:,.0f} and {counts[-1]:,.0f} "
                "parameters; a table takes the trials of one experiment."
            )
        return counts[0] if counts else None

    def simple(self) -> dict[str, float]:
        """Return the headline scores of the task's simple methods, by name: they are the same in every trial."""
        figures = (item for metrics in self.metrics.values() for item in metrics.items())
        return {name.removeprefix(SIMPLE): value for name, value in figures if name.startswith(SIMPLE)}

    def losses(self) -> str:
        """Return a sentence on the seeds without a score, e.g. "n = 4 of 5: seed 3 diverged."; "" if there are none."""
        if not self.lost:
            return ""
        seeds: dict[str, list[int]] = {}
        for seed, reason in sorted(self.lost.items()):
            seeds.setdefault(reason, []).append(seed)
        total = self.n + len(self.lost)
        parts = [f"{_seeds(some, total)} {reason}" for reason, some in seeds.items()]
        return f"n = {self.n} of {total}: {'; '.join(parts)}."


def _seeds(seeds: Sequence[int], total: int) -> str:
    if len(seeds) == total > 1:
        return "every seed"
    return f"seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}"


def arms_of(outcomes: Sequence[Outcome], score: str) -> list[Arm]:
    """Return one task's arms in the order in which their cells are first seen; `score` names the headline figure.

    Outcomes of one trial (the same digest: a failure and its repetition) count once, finished before anything else.

    Raises:
        UserError: one cell and seed have trials of different digests, so they are not of one experiment.
    """
    trials: dict[Key, dict[int, Outcome]] = {}
    for outcome in outcomes:
        seeds = trials.setdefault((outcome.cell, outcome.cell_digest), {})
        seen = seeds.setdefault(outcome.seed, outcome)
        if seen.digest != outcome.digest:
            raise UserError(
                f"Cell {outcome.cell!r} has two different trials with seed {outcome.seed} on task {outcome.task!r} "
                f"({seen.digest} and {outcome.digest}); a table takes the trials of one experiment."
            )
        if seen.status != "finished":
            seeds[outcome.seed] = outcome
    every_seed = sorted({outcome.seed for outcome in outcomes})
    return [_arm(key, by_seed, every_seed, score) for key, by_seed in trials.items()]


def _arm(key: Key, by_seed: Mapping[int, Outcome], every_seed: Sequence[int], score: str) -> Arm:
    reasons = {seed: _loss(by_seed.get(seed), score) for seed in every_seed}
    metrics = {seed: by_seed[seed].metrics for seed in every_seed if not reasons[seed]}
    scores = {seed: float(figures[score]) for seed, figures in metrics.items()}
    return Arm(*key, scores, metrics, {seed: reason for seed, reason in reasons.items() if reason})


def _loss(outcome: Outcome | None, score: str) -> str:
    """Return why an outcome gives no score; "" if it gives one."""
    if outcome is None:
        return "without a trial"
    if outcome.status != "finished":
        sentence = one_line(outcome.sentence).rstrip(".")
        return f"{outcome.status} ({sentence})" if sentence else outcome.status
    if not abs(outcome.metrics.get(score, float("nan"))) < float("inf"):
        return f"finished without a finite {score}"
    return ""
