"""Arms whose hidden sizes were solved from a number of parameters: the size does not separate their rows.

The records keep the explicit hidden size of each trial, and the declaration the numbers of parameters that were asked
for. A trial belongs to a number if its network is as near to it as one hidden unit allows; that of self-attention, as
near as the next size that its heads can divide.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from gatebench.cells import ARCHITECTURES
from gatebench.outcome import Outcome
from gatebench.report.arms import Arm
from gatebench.report.number_format import one_line
from gatebench.study import BUDGET, SIZE

SOLVED_SIZE = "solved hidden_size"
"""The key under which a matched trial has its hidden size. It is compared with that of no other trial."""

HEADS = "cell.options.heads"
"""The key of the number of heads of self-attention."""

_Group = tuple[str, str, tuple[tuple[str, str], ...]]


def with_budgets(outcomes: Sequence[Outcome], budgets: Sequence[int]) -> list[Outcome]:
    """Return the outcomes in which the setting `model.parameters` replaces the hidden size that was solved for it.

    Args:
        outcomes: the outcomes of all tasks.
        budgets: the numbers of parameters that were asked for. Without any, the outcomes stay as they are.
    """
    if not budgets:
        return list(outcomes)
    sizes: dict[_Group, dict[int, float | None]] = {}
    steps: dict[_Group, int] = {}
    for outcome in outcomes:
        if (size := _size(outcome)) is not None:
            own = sizes.setdefault(_group(outcome), {})
            own[size] = outcome.metrics.get("parameters", own.get(size))
            steps[_group(outcome)] = _step(outcome)
    solved = {group: _solved(own, budgets, steps[group]) for group, own in sizes.items()}
    return [_with_budget(outcome, solved.get(_group(outcome), {})) for outcome in outcomes]


def _size(outcome: Outcome) -> int | None:
    text = outcome.settings.get(SIZE, "")
    return int(text) if text.isdecimal() else None


def _group(outcome: Outcome) -> _Group:
    """Return the cell, the task and the settings of the network other than its size."""
    model = {key: value for key, value in outcome.settings.items() if key.startswith("model.") and key != SIZE}
    return outcome.cell_digest, outcome.task, tuple(sorted(model.items()))


def _step(outcome: Outcome) -> int:
    """Return the number of which the hidden size must be a multiple: 1 for cells."""
    architecture = ARCHITECTURES.get(outcome.settings.get("cell.base", ""))
    if architecture is None:
        return 1
    heads = outcome.settings.get(HEADS)
    if heads is not None:
        architecture = architecture.changed({"heads": int(heads)})
    return architecture.hidden_step(2 if outcome.settings.get("model.bidirectional") == "True" else 1)


def _solved(sizes: Mapping[int, float | None], budgets: Sequence[int], step: int) -> dict[int, int]:
    """Return {hidden size: the number of parameters that it was solved for}.

    Args:
        sizes: {hidden size: number of parameters; None if no trial ran so far that it is known}.
        budgets: the numbers of parameters that were asked for.
        step: the number of which the hidden size must be a multiple.
    """
    known = {size: count for size, count in sizes.items() if count is not None}
    if not known and len(sizes) == len(budgets):  # all trials failed: a larger size belongs to a larger number
        return dict(zip(sorted(sizes), sorted(budgets), strict=True))
    solved = {}
    for budget in budgets:
        if near := [size for size, count in known.items() if _is_nearest(size, count, budget, step)]:
            solved[min(near, key=lambda size: (abs(known[size] - budget), size))] = budget
    return solved


def _is_nearest(size: int, count: float, budget: int, step: int) -> bool:
    """Return whether no other size can be nearer to the budget.

    The number of parameters p grows at most with the square of the size h, so that m more units add at most
    p (2m/h + m²/h²). The nearest of the sizes that are m apart deviates by half of that at most.
    """
    share = step / size
    return abs(count - budget) <= count * (share + share**2 / 2)


def _with_budget(outcome: Outcome, solved: Mapping[int, int]) -> Outcome:
    size = _size(outcome)
    if size is None or size not in solved:
        return outcome
    settings = {key: value for key, value in outcome.settings.items() if key != SIZE}
    return replace(outcome, settings=settings | {BUDGET: str(solved[size]), SOLVED_SIZE: str(size)})


def matched_notes(arms: Sequence[Arm]) -> list[str]:
    """Return a note for each number of parameters: the hidden sizes of the arms, and the largest deviation."""
    budgets = sorted({int(budget) for arm in arms for budget in _values(arm, BUDGET)})
    return [_note(budget, [arm for arm in arms if str(budget) in _values(arm, BUDGET)]) for budget in budgets]


def _note(budget: int, arms: Sequence[Arm]) -> str:
    sizes = [f"{one_line(arm.label)} {', '.join(sorted(_values(arm, SOLVED_SIZE), key=int))}" for arm in arms]
    deviations = {arm.label: max(found) for arm in arms if (found := _deviations(arm, budget))}
    largest = ""
    if deviations:
        label = max(deviations, key=lambda one: deviations[one])
        largest = f", largest deviation {100 * deviations[label]:.1f} % ({one_line(label)})"
    return f"Matched at {budget:,} parameters{largest}. Hidden sizes: {'; '.join(sizes)}."


def _deviations(arm: Arm, budget: int) -> list[float]:
    """Return the relative deviations of the trials' numbers of parameters from the budget."""
    trials = [trial for trial in arm.trials.values() if trial.settings.get(BUDGET) == str(budget)]
    return [abs(one.metrics["parameters"] - budget) / budget for one in trials if "parameters" in one.metrics]


def _values(arm: Arm, key: str) -> set[str]:
    return {trial.settings[key] for trial in arm.trials.values() if key in trial.settings}
