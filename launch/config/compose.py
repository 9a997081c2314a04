"""From overrides to trials: Hydra composes the config, and the swept overrides span the grid of trials.

An override such as `cell.ablate.i.fix=1` becomes a cell in these steps:

1. `overrides.Grammar` parses it. A key below `cell.ablate` may be new, so it becomes `++cell.ablate.i.fix=1`.
2. Hydra composes the config. Its key `cell` is {name: lstm, base: lstm, ablate: {i: {fix: 1}}}, checked by
   `settings.CellConfig`.
3. `Settings.trial` makes a `Trial`, whose `cell` is that mapping.
4. `Trial.build_cell` calls `gatebench.cells.build_cell`, which applies each entry of `ablate` to the base cell: here
   `Cell.fix("i", 1)`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from itertools import product
from math import prod
from pathlib import Path
from typing import ClassVar

import yaml
from hydra import compose, initialize_config_module
from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.plugins import Plugins
from hydra.errors import HydraException
from hydra.plugins.search_path_plugin import SearchPathPlugin
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from gatebench.errors import UserError
from gatebench.packages import config_folders
from gatebench.published import Publication
from gatebench.published.files import load_publications
from gatebench.published.fitting import fitting
from gatebench.records.address import hide_credentials, without_credentials
from gatebench.search.adaptive import ADAPTIVE
from gatebench.study import KEYS, TESTS, Study, arm_digest, without_cell
from gatebench.task import Metric
from gatebench.trial import Trial, add_digests
from launch.config.batches import KnownTrial, KnownTrials, Solve, has_batches, known_batches
from launch.config.conditions import Condition, parse_conditions
from launch.config.config_errors import explain_config_error
from launch.config.draws import DrawnAxes, check_search, check_types, with_draws
from launch.config.grid import Composed, Grid
from launch.config.group_files import GroupFiles
from launch.config.named_arms import arm_settings, check_arm_keys, parse_arms
from launch.config.overrides import MOST_TRIALS, PUBLISHED, Grammar, ParsedOverride, merge_overrides
from launch.config.past_trials import ReadPast, no_past
from launch.config.search_settings import SearchSettings
from launch.config.settings import TRIAL_KEYS, Settings, resolve_data_root
from launch.config.solved_sizes import SizedModel, SizeSolver, SolvedSize, check_one_size
from launch.config.user_files import check_folder, check_names


@dataclass(frozen=True)
class Plan:
    """The trials that the overrides ask for.

    Attributes:
        settings: the settings of the first trial. All keys but those of a trial are the same for all trials.
        trials: the distinct trials, ordered by seed.
        labels: {digest of a trial: labels of its cell}. Cells with equal equations have one trial and several labels.
        keys: the keys that the overrides set, without the parts after a dot: "cell" for cell.ablate.i.fix=1.
        given: the whole keys that the overrides set, such as "cell.ablate.i.fix".
        text: the config as YAML.
        publications: the publications that the settings name.
        sizes: the hidden sizes that were solved from `model.parameters`.
        search: {key: text of its distribution} of the keys that are drawn.
        conditions: {key: text of its condition} of the swept and drawn keys that have one.
        inactive: {digest of a trial: the keys that have their value in the config, because their conditions are false}.
        arms: {name: settings} of the named arms, see `gatebench.study.Study`. Their names are the labels. Empty: the
            cells are compared.
        following: the number of trials that are not known yet, because they depend on the outcomes of `trials`.
        awaited: for each arm with trials that are not known yet, the digests of the open trials on which they depend.
        frozen: the digests of the trials without a result that are not run again, because later draws depend on it.
    """

    settings: Settings
    trials: tuple[Trial, ...]
    labels: Mapping[str, tuple[str, ...]]
    keys: frozenset[str]
    given: frozenset[str]
    text: str
    publications: tuple[Publication, ...] = ()
    sizes: tuple[SolvedSize, ...] = ()
    search: Mapping[str, str] = field(default_factory=dict)
    conditions: Mapping[str, str] = field(default_factory=dict)
    inactive: Mapping[str, frozenset[str]] = field(default_factory=dict)
    arms: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    following: int = 0
    awaited: tuple[frozenset[str], ...] = ()
    frozen: frozenset[str] = frozenset()

    @property
    def chosen(self) -> bool:
        """Whether the overrides choose trials: at least one of them sets a key of a trial, or the experiment."""
        return bool(self.keys & {*TRIAL_KEYS, "experiment"})

    @cached_property
    def cells(self) -> dict[str, str]:
        """{label: digest of the equations} of the cells, in the order of the sweep."""
        if self.arms:
            return {name: arm_digest(settings) for name, settings in self.arms.items()}
        cells: dict[str, Trial] = {}
        for trial in self.trials:
            cells.setdefault(repr(trial.cell), trial)
        return {
            label: digest
            for trial in cells.values()
            for digest in [trial.build_compared().digest]
            for label in self.labels[trial.digest]
        }

    @property
    def runnable(self) -> list[Trial]:
        """The trials that may be run: all of them with `force`, else those that are not frozen."""
        return [trial for trial in self.trials if self.settings.force or trial.digest not in self.frozen]

    @property
    def declared(self) -> frozenset[str]:
        """The parts of the study's declaration that the experiment and the overrides declare."""
        optional = [key for key in ("question", "baseline", "order", "published") if getattr(self.settings, key)]
        experiment = {*optional, "families", "test", "metrics"} if "experiment" in self.keys else set()
        return frozenset(experiment | self.keys & set(KEYS))

    @property
    def task_metrics(self) -> dict[str, Sequence[Metric]]:
        """{name of a task: its metrics} of the trials."""
        tasks = [trial.build_task() for trial in self.trials]
        return {task.name: task.metrics for task in tasks}

    def declaration(self, name: str, task_metrics: Mapping[str, Sequence[Metric]] | None = None) -> Study:
        """Return the declaration of a study. Cells that the declared order lacks follow in the order of the sweep.

        A baseline on the command line is removed from the families of an experiment.

        Args:
            name: the name of the study.
            task_metrics: {name of a task: its metrics} of the tasks of the study; None: those of the trials.

        Raises:
            UserError: a family is empty or contains the baseline, a cell is in two families, or a publication does not
                fit the tasks.
        """
        settings, cells = self.settings, self.cells
        families = {family: tuple(labels) for family, labels in settings.families.items()}
        if "baseline" in self.keys and "families" not in self.keys:
            families = without_cell(families, settings.baseline)
        return Study(
            name=name,
            question=" ".join(settings.question.split()),
            baseline=settings.baseline,
            order=tuple(dict.fromkeys([*settings.order, *cells])),
            families=families,
            test=next(test for test in TESTS if test == settings.test),
            metrics=tuple(settings.metrics),
            cell_digests=cells,
            published=fitting(self.publications, self.task_metrics if task_metrics is None else task_metrics),
            arms=self.arms,
            parameters=tuple(sorted({size.budget for size in self.sizes})),
            search=self.search,
            search_settings=settings.search.changed if self.search else {},
            samplers=(settings.search.sampler,) if settings.search.sampler in ADAPTIVE else (),
        )


def expand(overrides: Sequence[str], config_dir: Path | None = None, read_past: ReadPast = no_past) -> Plan:
    """Return the plan of all trials that the overrides and their experiment span.

    The trials are ordered by seed: a sweep that is stopped early has run all cells for the same seeds.

    Args:
        overrides: in Hydra's grammar.
        config_dir: an additional folder of configs with the layout of `conf`.
        read_past: the function that reads the earlier trials of the study. It is called only if the trials of the
            search depend on the outcomes of earlier ones.

    Raises:
        UserError: a config, a key, a type or a value is not allowed.
    """
    solvers: list[SizeSolver] = []

    def solver_for(first: Settings) -> SizeSolver:
        check_one_size(composed.given, composed.swept, [override.key for override in composed.drawn], first.model)
        solvers.append(SizeSolver(first.home_folder.root / "cache", first.data_folder))
        return solvers[0]

    with hydra_session(config_dir):
        composed = _compose(overrides)
        found = _trials(composed, lambda first: solver_for(first).solved, read_past)
    first = found.trials[0].point.settings
    known = sorted(found.trials, key=lambda one: one.trial.seed)
    distinct: dict[str, KnownTrial] = {}
    labels: dict[str, dict[str, None]] = {}
    for one in known:
        distinct.setdefault(one.trial.digest, one)
        labels.setdefault(one.trial.digest, {})[one.arm or one.trial.build_compared().name] = None
    settings = replace(first, published=composed.published)
    first_trials = {one.arm: one.trial for one in reversed(known) if one.arm}
    return Plan(
        settings=settings,
        trials=tuple(one.trial for one in distinct.values()),
        labels={digest: tuple(own) for digest, own in labels.items()},
        keys=composed.keys,
        given=frozenset(composed.given),
        text=composed.text,
        publications=load_publications(settings.published, config_dir),
        sizes=solvers[0].sizes,
        search={override.key: str(override.drawn) for override in composed.drawn},
        conditions={condition.key: condition.text for condition in composed.conditions},
        inactive={digest: one.point.inactive for digest, one in distinct.items()},
        arms=arm_settings(composed.arms, first_trials, _budgets(found.trials)),
        following=found.following,
        awaited=found.awaited,
        frozen=found.frozen,
    )


@dataclass(frozen=True)
class _ComposedPlan:
    """What Hydra composes from the overrides.

    Attributes:
        grids: the grids, each with the name of its arm; None without named arms.
        axes: the overrides that follow the draws, if the search is made in batches; else None.
        search: the settings of the search.
        trials: the number of draws; 0 if nothing is drawn.
        arms: the overrides of each named arm.
        given: the keys of the given overrides, without `published`.
        swept: the keys of the overrides with several values.
        drawn: the overrides whose values are drawn.
        conditions: the conditions of keys.
        published: the names of the publications.
        keys: as in `Plan`.
        text: as in `Plan`.
    """

    grids: list[tuple[str | None, Grid]]
    axes: DrawnAxes | None
    search: SearchSettings
    trials: int
    arms: Mapping[str, list[ParsedOverride]]
    given: list[str]
    swept: list[str]
    drawn: list[ParsedOverride]
    conditions: Sequence[Condition]
    published: list[str]
    keys: frozenset[str]
    text: str


def _compose(overrides: Sequence[str]) -> _ComposedPlan:
    """Compose the config of the overrides and their experiment, and the grids that they span."""
    grammar = Grammar(GlobalHydra.instance().config_loader())
    parsed = grammar.parse(overrides)
    # Hydra would take the folder `conf/published` for a config group, and the key for a choice from it.
    given = [override for override in parsed if override.key != PUBLISHED]
    fixed = [choice for override in given if not override.is_sweep for choice in override.choices]
    base = compose("config", fixed, return_hydra_config=True)
    for override in parsed:
        if override.key == PUBLISHED:
            OmegaConf.update(base, PUBLISHED, override.values[0])
    search = _checked_search(base)
    swept = _swept(base, given, grammar, search)
    swept_keys = [override.key for override in swept]
    drawn = [override for override in swept if override.drawn is not None]
    conditions = parse_conditions(search.conditions, grammar, swept_keys)
    arms = parse_arms({str(name): list(map(str, own)) for name, own in base.arms.items()}, grammar)
    check_arm_keys(arms, [override.key for override in (*given, *swept)])
    axes = DrawnAxes(swept, base.seed) if drawn and has_batches(search) else None
    overrides_of_axes = swept
    if drawn:
        overrides_of_axes = axes.overrides if axes else with_draws(swept, base.trials, search, base.seed)
    return _ComposedPlan(
        grids=_grids_of_arms(arms, base, fixed, overrides_of_axes, conditions),
        axes=axes,
        search=search,
        trials=base.trials or 0,
        arms=arms,
        given=[override.key for override in given],
        swept=swept_keys,
        drawn=drawn,
        conditions=conditions,
        published=[str(name) for name in base.published],
        keys=frozenset(override.key.partition(".")[0] for override in parsed),
        text=_text(base, swept),
    )


def _trials(composed: _ComposedPlan, solve_for: Callable[[Settings], Solve], read_past: ReadPast) -> KnownTrials:
    """Return the trials of a plan: all of them, or those that are known if the search is made in batches."""
    if composed.axes is not None:
        return known_batches(
            composed.grids,
            composed.axes,
            composed.search,
            composed.trials,
            lambda first: (read_past(first), solve_for(first)),
        )
    points = [(name, point) for name, grid in composed.grids for point in grid.points()]
    solve = solve_for(points[0][1].settings)
    trials = [KnownTrial(name, point, solve(point.trial)) for name, point in points]
    add_digests(one.trial for one in trials)
    return KnownTrials(trials)


def _grids_of_arms(
    arms: Mapping[str, list[ParsedOverride]],
    base: DictConfig,
    fixed: list[str],
    axes: Sequence[ParsedOverride],
    conditions: Sequence[Condition],
) -> list[tuple[str | None, Grid]]:
    """Return the grids of each named arm; those of the config alone, without a name, if there are no arms."""
    if not arms:
        return [(None, grid) for grid in _grids(base, fixed, axes, conditions)]
    grids: list[tuple[str | None, Grid]] = []
    for name, own in arms.items():
        choices = [*fixed, *(choice for override in own for choice in override.choices)]
        arm_base = compose("config", choices, return_hydra_config=True) if own else base
        grids += [(name, grid) for grid in _grids(arm_base, choices, axes, conditions)]
    return grids


def _grids(
    base: DictConfig, fixed: Sequence[str], axes: Sequence[ParsedOverride], conditions: Sequence[Condition]
) -> list[Grid]:
    """Return the grids that the swept and drawn overrides span over a config."""
    values = [override for override in axes if not override.is_group]
    groups = [override for override in axes if override.is_group]
    return [Grid(one, values, conditions) for one in _composed(base, fixed, groups)]


def _budgets(trials: Sequence[KnownTrial]) -> dict[str, int | None]:
    """Return {name of an arm: the number of parameters that determines its hidden size}, without other arms."""
    sized = ((one.arm, one.point.trial.model) for one in trials if one.arm)
    return {name: model.parameters for name, model in sized if isinstance(model, SizedModel)}


@contextmanager
def hydra_session(config_dir: Path | None) -> Iterator[None]:
    """Initialise Hydra inside the block, with the configs of installed packages and `config_dir` on its search path.

    Raises:
        UserError: `config_dir` is not a folder, a cell or a task has another name than its file, a package is broken,
            or Hydra raised an error inside the block.
    """
    packages = config_folders()
    for folder in packages.values():
        check_names(folder)
    if config_dir is not None:
        check_folder(config_dir)
        check_names(config_dir)
    ConfigStore.instance().store("schema", _schema())
    OmegaConf.register_new_resolver("data", _below_data_root, replace=True)
    _FurtherFolders.packages, _FurtherFolders.path = packages, config_dir
    Plugins.instance().register(_FurtherFolders)
    try:
        with initialize_config_module("conf", version_base="1.3"):
            yield
    except (HydraException, OmegaConfBaseException, yaml.YAMLError, ValueError) as error:
        raise explain_config_error(error) from None


class _FurtherFolders(SearchPathPlugin):
    """A plugin that adds the configs of installed packages and the user's to Hydra's search path, after `conf`."""

    packages: ClassVar[Mapping[str, Path]] = {}
    path: ClassVar[Path | None] = None

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        for package, folder in self.packages.items():
            search_path.append(package, folder.absolute().as_uri())
        if self.path is not None:
            search_path.append("--config-dir", self.path.absolute().as_uri())


def _below_data_root(name: str, *, _root_: DictConfig) -> str:
    """Return the path of a file below the data root: ${data:series/mine.csv}."""
    return str(resolve_data_root(_root_.data_root) / name)


@cache
def _schema() -> DictConfig:
    """Return the schema of all settings. It is never changed: OmegaConf and Hydra merge into copies of it."""
    schema: DictConfig = OmegaConf.structured(Settings)
    for key in ("model", "training"):  # their dataclasses are frozen, so OmegaConf would refuse every override
        OmegaConf.set_readonly(schema[key], False)
    return schema


def _swept(
    base: DictConfig, given: Sequence[ParsedOverride], grammar: Grammar, search: SearchSettings
) -> list[ParsedOverride]:
    """Return the overrides with several values, from the experiment's `hydra.sweeper.params` and the command line."""
    params = base.hydra.sweeper.params or {}
    experiment = grammar.parse(f"{key}={value}" for key, value in params.items())
    swept = [override for override in merge_overrides(experiment, given) if override.is_sweep]
    drawn = [override for override in swept if override.drawn is not None]
    check_search(base.trials, drawn, search)
    check_types(drawn, base)
    size = prod(len(override.choices) for override in swept if override.drawn is None)
    size *= base.trials if drawn else 1
    if size > MOST_TRIALS:
        raise UserError(f"The overrides span {size:,} trials; at most {MOST_TRIALS:,} are allowed.")
    return swept


def _checked_search(base: DictConfig) -> SearchSettings:
    """Return the settings of the search after their check."""
    settings = OmegaConf.to_object(OmegaConf.merge(_schema().search, base.search))
    assert isinstance(settings, SearchSettings)
    return settings


def _composed(base: DictConfig, fixed: Sequence[str], groups: Sequence[ParsedOverride]) -> Iterator[Composed]:
    """Yield the configs for all choices of the swept config groups, in the order of the grid.

    It is one config with other sections if each choice changes only its own section. Otherwise there is a config for
    each combination of choices.
    """
    config = OmegaConf.masked_copy(base, [str(key) for key in base if key != "hydra"])
    names: dict[str, tuple[str, ...]] = {str(group): (str(name),) for group, name in base.hydra.runtime.choices.items()}
    swept_names = {group.key: tuple(map(str, group.values)) for group in groups}
    if not groups:
        yield Composed(_checked(config), {}, names)
        return
    files = GroupFiles(GlobalHydra.instance().config_loader(), base, fixed)
    sections = {group.key: files.sections(group.key, group.values) for group in groups}
    if None not in sections.values():
        checked = {group: [_checked_section(group, one) for one in own or ()] for group, own in sections.items()}
        yield Composed(_checked(config), checked, names | swept_names)
        return
    for numbers in product(*(range(len(group.choices)) for group in groups)):
        choices = [group.choices[number] for group, number in zip(groups, numbers, strict=True)]
        chosen = {group.key: (str(group.values[number]),) for group, number in zip(groups, numbers, strict=True)}
        yield Composed(_checked(compose("config", [*fixed, *choices])), {}, {**names, **chosen})


def _checked_section(group: str, section: DictConfig) -> DictConfig:
    """Return a section of the config after the same check as `_checked`."""
    schema = OmegaConf.masked_copy(_schema(), [group])
    checked = OmegaConf.merge(schema, {group: OmegaConf.to_container(section)})
    assert isinstance(checked, DictConfig)
    own: DictConfig = checked[group]
    return own


def _checked(config: DictConfig) -> DictConfig:
    """Return the config after a second check of its keys: `+key=value` may have added unknown ones."""
    checked = OmegaConf.merge(_schema(), OmegaConf.to_container(config))
    assert isinstance(checked, DictConfig)
    return checked


def _text(base: DictConfig, swept: Sequence[ParsedOverride]) -> str:
    """Return the config without the sweep as YAML, like Hydra's `--cfg job`, after a comment for each swept key.

    The credentials of addresses are left out.
    """
    job = OmegaConf.masked_copy(base, [str(key) for key in base if key != "hydra"])
    comments = [_comment(override) for override in swept]
    content = OmegaConf.to_container(job)  # interpolations stay as they are
    address = content.get("tracking_uri") if isinstance(content, dict) else None
    if isinstance(address, str):
        job.tracking_uri = without_credentials(address)
    return hide_credentials("".join(comments) + OmegaConf.to_yaml(job), str(address))


def _comment(override: ParsedOverride) -> str:
    """Return a line of YAML about a swept or drawn key."""
    if override.drawn is not None:
        return f"# draws {override.key} from {override.drawn}\n"
    return f"# sweeps {override.key} over {', '.join(one.partition('=')[2] for one in override.choices)}\n"
