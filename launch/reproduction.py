"""The commands that run the trials of a study again, computed from their recorded settings.

A command is given only if its trials have the digests of the records.
"""

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import prod

from gatebench.cells import ARCHITECTURES, cell_names, load_cell
from gatebench.errors import UserError
from gatebench.outcome import Outcome
from gatebench.study import Study
from launch.config.compose import expand
from launch.config.past_trials import PastTrials

MOST_COMMANDS = 12
"""The largest number of commands for one study."""

_CELL, _SEED, _TARGET = "cell.", "seed", "task._target_"
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.+/[], ")

Settings = Mapping[str, str]


@dataclass(frozen=True)
class Reproduction:
    """The commands that run trials again.

    Attributes:
        commands: the commands, for a shell.
        unnamed: the number of trials that none of them runs.
        further: the number of trials that they run besides.
    """

    commands: tuple[str, ...]
    unnamed: int
    further: int = 0


def reproduction(study: Study, outcomes: Sequence[Outcome], past: PastTrials | None = None) -> Reproduction:
    """Return the commands that run the trials of a study again.

    The experiment with the name of the study is tried first, then its search, then one command for the trials with the
    same settings.

    Args:
        study: the declaration of the study.
        outcomes: one outcome for each trial.
        past: the trials of the study, on which those of a search in batches depend; None: none are known.
    """
    past = past or PastTrials()
    known = {outcome.digest for outcome in outcomes}
    missing, further = set(known), set[str]()
    commands: list[str] = []
    for overrides in (*_experiment(study, outcomes, past), *_candidates(study, outcomes)):
        if not missing or len(commands) == MOST_COMMANDS:
            break
        digests = _digests(overrides, past)
        if missing & digests:
            commands.append(shlex.join(["gatebench", "sweep", *overrides]))
            missing -= digests
            further |= digests - known
    return Reproduction(tuple(commands), len(missing), len(further))


def _experiment(study: Study, outcomes: Sequence[Outcome], past: PastTrials) -> list[list[str]]:
    """Return the overrides of the experiment with the name of the study, in a list; empty if there is none.

    If the experiment makes more draws than the study has, the overrides say how many the study has.

    Args:
        study: the declaration of the study.
        outcomes: one outcome for each trial.
        past: as in `reproduction`.
    """
    if not study.name.isidentifier() or not files("conf").joinpath("experiment", f"{study.name}.yaml").is_file():
        return []
    whole = [f"experiment={study.name}"]
    known = {outcome.digest for outcome in outcomes}
    further = _digests(whole, past) - known
    if not study.search or not further:
        return [whole]
    draws = {tuple(outcome.settings.get(key, "") for key in study.search) for outcome in outcomes}
    fewer = [*whole, f"trials={len(draws)}"]
    found = _digests(fewer, past)
    return [fewer if known <= found and len(found - known) < len(further) else whole]


def _candidates(study: Study, outcomes: Sequence[Outcome]) -> Iterator[list[str]]:
    """Yield the overrides of further commands that may have trials of the study."""
    own = [f"study={_quoted(study.name)}"]
    known = [outcome for outcome in outcomes if _TARGET in outcome.settings]
    if study.search:
        yield from ([*overrides, *own] for overrides in _searches(study, known))
    if grid := _whole_grid(known):
        yield [*grid, *own]
    yield from ([*overrides, *own] for overrides in _grids(known))


def _searches(study: Study, outcomes: Sequence[Outcome]) -> Iterator[list[str]]:
    """Yield the overrides of searches, with the declared settings, or else by both samplers that do not learn.

    A search has the trials that differ only in drawn settings and seeds. In a search in batches, the cells have other
    values at the same draw.
    """
    drawn = [f"{key}={text}" for key, text in study.search.items()]
    declared = [f"{key}={text}" for key, text in study.search_settings.items()]
    for group in _groups(outcomes, study.search, by_seed=bool(study.samplers)):
        draws = {_place(one, () if study.samplers else study.search) for one in group.outcomes}
        first = min(one.seed for one in group.outcomes)
        seed = [f"seed={first}"] if first else []
        command = [*group.cells, *_overrides(dict(group.settings)), *drawn, f"trials={len(draws)}", *seed]
        if declared:
            yield [*command, *declared]
        yield command
        yield [*command, "search.sampler=qmc"]


def _whole_grid(outcomes: Sequence[Outcome]) -> list[str]:
    """Return the overrides of a full grid of plain cells, seeds and values of settings; none if it is no full grid."""
    tasks = {outcome.settings[_TARGET] for outcome in outcomes}
    cells = {_cell_overrides(outcome) for outcome in outcomes}
    keys = {key for outcome in outcomes for key in outcome.settings if not key.startswith(_CELL)}
    values = {key: list(dict.fromkeys(one.settings.get(key, "") for one in outcomes)) for key in sorted(keys)}
    if len(tasks) != 1 or any(len(cell) > 1 for cell in cells) or any("" in own for own in values.values()):
        return []
    if prod(map(len, values.values())) * len(cells) != len(outcomes):
        return []
    swept = {key: own for key, own in values.items() if len(own) > 1 and key != _SEED}
    shared = {key: own[0] for key, own in values.items() if key not in (*swept, _SEED)}
    names = dict.fromkeys(_cell_overrides(one)[0].partition("=")[2] for one in outcomes)
    grid = [f"{key}={','.join(map(_quoted, own))}" for key, own in swept.items()]
    seeds = sorted(int(seed) for seed in values.get(_SEED, []))
    return [f"cell={','.join(names)}", *_overrides(shared), *grid, f"seed={_seeds(seeds)}"]


def _grids(outcomes: Sequence[Outcome]) -> Iterator[list[str]]:
    """Yield the overrides of the trials with the same settings: all cells and seeds of a full grid together."""
    for group in _groups(outcomes):
        seeds = sorted({one.seed for one in group.outcomes})
        yield [*group.cells, *_overrides(dict(group.settings)), f"seed={_seeds(seeds)}"]


@dataclass(frozen=True)
class _Group:
    """Trials that one command can run.

    Attributes:
        settings: the settings that they share, without those of the cell, as pairs of key and value.
        cells: the overrides of their cells.
        outcomes: their outcomes.
    """

    settings: tuple[tuple[str, str], ...]
    cells: tuple[str, ...]
    outcomes: tuple[Outcome, ...]


def _groups(outcomes: Sequence[Outcome], drawn_keys: Iterable[str] = (), *, by_seed: bool = False) -> list[_Group]:
    """Return the trials in groups. Cells with the same settings and the same seeds are one group.

    A cell with ablations is a group of its own.

    Args:
        outcomes: the outcomes.
        drawn_keys: the keys in which the trials of a group may differ, besides the seed.
        by_seed: whether cells are a group if they have the same seeds, also with other values of the drawn keys.
    """
    drawn = tuple(drawn_keys)
    places = () if by_seed else drawn
    members: dict[tuple[tuple[tuple[str, str], ...], tuple[str, ...]], list[Outcome]] = {}
    for outcome in outcomes:
        own = {k: v for k, v in outcome.settings.items() if k not in (_SEED, *drawn) and not k.startswith(_CELL)}
        key = tuple(sorted(own.items())), _cell_overrides(outcome)
        members.setdefault(key, []).append(outcome)
    groups: list[_Group] = []
    plain: dict[object, list[_Group]] = {}
    for (settings, cells), found in members.items():
        group = _Group(settings, cells, tuple(found))
        if len(cells) > 1:
            groups.append(group)
        else:
            plain.setdefault((settings, frozenset(_place(one, places) for one in found)), []).append(group)
    return [*(_joined(alike) for alike in plain.values()), *groups]


def _joined(groups: Sequence[_Group]) -> _Group:
    """Return groups of plain cells as one."""
    names = [group.cells[0].partition("=")[2] for group in groups]
    outcomes = tuple(one for group in groups for one in group.outcomes)
    return _Group(groups[0].settings, (f"cell={','.join(names)}",), outcomes)


def _place(outcome: Outcome, keys: Iterable[str]) -> tuple[str, ...]:
    """Return the seed and the drawn settings of a trial, which distinguish it from the others of its cell."""
    return str(outcome.seed), *(outcome.settings.get(key, "") for key in keys)


def _cell_overrides(outcome: Outcome) -> tuple[str, ...]:
    """Return the overrides of a trial's cell: the name of its config, or its base and the changes."""
    settings = outcome.settings
    name, base = settings.get("cell.name", ""), settings.get("cell.base", "")
    has_rules = any(key.startswith("cell.start.") for key in settings)
    if name in cell_names() and not has_rules and load_cell(name).digest == outcome.cell_digest:
        return (f"cell={name}",)
    if name in ARCHITECTURES and ARCHITECTURES[name].digest == outcome.cell_digest:
        return (f"cell={name}",)
    words = ("cell.name", "cell.base", "cell.source", "cell.note")
    changes = {key: value for key, value in settings.items() if key.startswith(_CELL) and key not in words}
    return f"cell={base}", *(f"{key}={_quoted(value)}" for key, value in changes.items())


def _overrides(settings: Settings) -> list[str]:
    """Return the overrides of a task, a model and a training: the settings that differ from the defaults."""
    task = settings[_TARGET].rpartition(".")[0].rpartition(".")[2]
    defaults = _defaults(task)
    changed = {key: value for key, value in settings.items() if defaults.get(key) != value and key != _TARGET}
    return [f"task={task}", *(f"{key}={_quoted(value)}" for key, value in changed.items())]


@cache
def _defaults(task: str) -> Settings:
    try:
        return expand([f"task={task}"]).trials[0].flat_settings()
    except UserError:  # the task has a setting without a default, or is no longer there
        return {}


def _digests(overrides: Sequence[str], past: PastTrials) -> set[str]:
    """Return the digests of the trials that overrides span; none if they are not allowed any more."""
    try:
        return {trial.digest for trial in expand(overrides, read_past=lambda _: past).trials}
    except UserError:
        return set()


def _seeds(seeds: Sequence[int]) -> str:
    """Return seeds as an override: 3, 1,4 or range(0,8).

    Examples:
        >>> _seeds([3]), _seeds([1, 4]), _seeds([0, 1, 2])
        ('3', '1,4', 'range(0,3)')
    """
    if len(seeds) > 2 and list(seeds) == list(range(seeds[0], seeds[-1] + 1)):
        return f"range({seeds[0]},{seeds[-1] + 1})"
    return ",".join(map(str, seeds))


def _quoted(value: str) -> str:
    """Return a value in Hydra's grammar. A text with other signs than those of numbers, names and lists is quoted."""
    if value and set(value) <= _PLAIN and ((" " not in value and "," not in value) or value.startswith("[")):
        return value
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
