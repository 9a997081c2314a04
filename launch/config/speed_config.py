"""From overrides to benchmarks: which candidates are timed, on which shapes and numbers of threads."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from hydra import compose
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from omegaconf import DictConfig, OmegaConf

from gatebench.cells import is_architecture, load_cell
from gatebench.errors import UserError, out_of_range, unknown
from gatebench.speed.benchmark import Benchmark, candidates
from gatebench.speed.shape import Shape
from gatebench.training_settings import FULL_PRECISION
from gatebench.trial import Trial
from launch.config.compose import expand, hydra_session
from launch.config.overrides import Grammar, ParsedOverride

LIST_KEYS = ("shape", "threads", "backend", "against", "trace", "precision", "simulate")
"""The keys with a list as their value: threads=1,2 means the same as threads=[1,2]."""

BENCHMARK_KEYS = ("backend", "against", "trace", "memory")
"""The keys of a benchmark that can be set for all benchmarks at once."""

CLOCKS = ("wall", "processor")
"""The names of the clocks; see `gatebench.speed.timing.CLOCKS`, which has their functions."""

_KEPT_TENSORS = 8  # tensors of size (T, B, H) that the reference keeps for a small cell

BASE = "base"
"""The name in `against` that stands for the cell that a cell is an ablation of."""


@dataclass
class BenchmarkConfig:
    """The candidates of some cells.

    Attributes:
        cell: the names of the cells; empty (default): all cells that no other entry names.
        backend: the backends to time.
        against: the names of the baselines.
        trace: whether gates are recorded; each value gives separate candidates; default false only.
        memory: whether the peak memory of a training step is measured; default false.
    """

    cell: list[str] = field(default_factory=list)
    backend: list[str] = field(default_factory=list)
    against: list[str] = field(default_factory=list)
    trace: list[bool] = field(default_factory=lambda: [False])
    memory: bool = False


@dataclass
class SpeedSettings:
    """The settings of `gatebench speed`; `conf/speed.yaml` has their defaults.

    Attributes:
        cell: the names of the cells.
        shape: the shapes, each a list [T, B, I, H].
        threads: the numbers of threads; None: torch's own choice.
        seconds: the least duration of a benchmark.
        keep_memory: whether freed memory is kept for the next training step.
        precision: the number types of matrix products; each gives separate candidates.
        simulate: numbers of threads for which the division of the work on `fused` is simulated.
        clock: the clock, one of `CLOCKS`; "processor" needs threads=1.
        json: the path of the JSON file for the results; None: no file.
        backend: the backends of all benchmarks; None: those in `benchmarks`.
        against: the baselines of all benchmarks; None: those in `benchmarks`.
        trace: whether gates are recorded in all benchmarks; None: as in `benchmarks`.
        memory: whether peak memory is measured in all benchmarks; None: as in `benchmarks`.
        benchmarks: the candidates of the cells, by a name for the entry.

    Raises:
        UserError: a value is out of range, or a list is empty.
    """

    cell: list[str] = field(default_factory=list)
    shape: list[Any] = field(default_factory=list)
    threads: list[int] | None = None
    seconds: float = 2.0
    keep_memory: bool = True
    clock: str = "wall"
    precision: list[str] = field(default_factory=lambda: [FULL_PRECISION])
    simulate: list[int] = field(default_factory=list)
    json: str | None = None
    backend: list[str] | None = None
    against: list[str] | None = None
    trace: list[bool] | None = None
    memory: bool | None = None
    benchmarks: dict[str, BenchmarkConfig] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.threads = self.threads and list(dict.fromkeys(self.threads))
        cores = os.cpu_count() or 1
        for count in self.threads or ():
            if not 1 <= count <= cores:
                raise out_of_range("threads", count, f"a whole number from 1 to {cores}, the cores of this machine")
        for count in self.simulate:
            if count < 1:
                raise out_of_range("simulate", count, "a whole number of at least 1")
        if self.clock not in CLOCKS:
            raise unknown("clock", self.clock, CLOCKS)
        if self.clock == "processor" and self.threads != [1]:
            raise UserError(
                "clock=processor needs threads=1: with several threads it also counts the time in which they wait."
            )
        if not 0 <= self.seconds < float("inf"):
            raise out_of_range("seconds", self.seconds, "a number of at least 0")
        for key in ("cell", "shape", "threads", "backend", "trace", "precision"):
            if getattr(self, key) == []:
                raise UserError(f"{key} is empty, so there is nothing to time.")


@dataclass(frozen=True)
class SpeedPlan:
    """The benchmarks that the overrides ask for.

    Attributes:
        settings: the settings of the run.
        benchmarks: one for each cell and shape, ordered by cell.
        text: the config as YAML.
    """

    settings: SpeedSettings
    benchmarks: tuple[Benchmark, ...]
    text: str


def speed_plan(overrides: Sequence[str], config_dir: Path | None = None) -> SpeedPlan:
    """Return all benchmarks that the overrides ask for.

    Args:
        overrides: in Hydra's grammar. Keys that begin with `cell` work as in a sweep. The other keys are those of
            `SpeedSettings`, and set=NAME, which puts `conf/set/NAME.yaml` on top of `conf/speed.yaml`.
        config_dir: an additional folder of configs with the layout of `conf`.

    Raises:
        UserError: a config, a key, a type or a value is not allowed.
    """
    ConfigStore.instance().store("speed_schema", OmegaConf.structured(SpeedSettings))
    with hydra_session(config_dir):
        grammar = Grammar(GlobalHydra.instance().config_loader(), ("cell", *LIST_KEYS), draws=False)
        top_keys = {text: _top_key(override) for text in overrides for override in grammar.parse([text])}
        config = _compose(grammar.parse(text for text in overrides if top_keys[text] != "cell"), grammar)
        settings = OmegaConf.to_object(config)
    assert isinstance(settings, SpeedSettings)
    cell_overrides = [text for text in overrides if top_keys[text] == "cell"]
    trials = expand([f"cell={','.join(settings.cell)}", *cell_overrides], config_dir).trials
    if any("glob(" in text for text in cell_overrides):
        trials = tuple(trial for trial in trials if not is_architecture(trial.cell))  # a pattern means cells here
    settings.cell = config.cell = [trial.build_cell().name for trial in trials]
    shapes = list(dict.fromkeys(Shape.of(sizes) for sizes in settings.shape))
    for shape in shapes:
        _check_memory(shape)
    benchmarks = tuple(_benchmark(trial, shape, settings) for trial in trials for shape in shapes)
    return SpeedPlan(settings, benchmarks, OmegaConf.to_yaml(config))


def _check_memory(shape: Shape) -> None:
    """Refuse a shape if x and the few tensors that every cell keeps exceed the machine's memory in float64."""
    needed = 8 * shape.T * shape.B * (shape.I + _KEPT_TENSORS * shape.H)
    available = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if needed > available:
        raise UserError(
            f"The shape {shape} takes {needed / 1e9:,.0f} GB to compare with the reference; this machine has "
            f"{available / 1e9:,.0f} GB."
        )


def _top_key(override: ParsedOverride) -> str:
    return override.key.partition(".")[0]


def _compose(given: Sequence[ParsedOverride], grammar: Grammar) -> DictConfig:
    """Return the config with all overrides but those of cells. An override of a list replaces the whole list."""
    keys = [str(key) for key in OmegaConf.structured(SpeedSettings)]
    for override in given:
        if (key := _top_key(override)) not in (*keys, "set"):
            raise unknown("key", key, [*keys, "set"])
    config = compose("speed", [override.choices[0] for override in given if override.key not in LIST_KEYS])
    for override in given:
        if override.key in LIST_KEYS:
            OmegaConf.update(config, override.key, _list_value(override, grammar))
    return config


def _list_value(override: ParsedOverride, grammar: Grammar) -> Any:
    """Return the value of a list key as a list: one value becomes a list of one, null stays None."""
    values = [grammar.value(choice) for choice in override.choices]
    if override.is_sweep or values[0] is None:
        return values if override.is_sweep else None
    (value,) = values
    is_whole_list = isinstance(value, list) and (
        override.key != "shape" or all(isinstance(element, list) for element in value)
    )
    return value if is_whole_list else values


def _benchmark(trial: Trial, shape: Shape, settings: SpeedSettings) -> Benchmark:
    """Return the benchmark of a trial's cell: the first entry for the cell, with the settings for all benchmarks."""
    cell = trial.build_cell()
    entries = [entry for entry in settings.benchmarks.values() if cell.name in entry.cell]
    entries += [entry for entry in settings.benchmarks.values() if not entry.cell]
    if not entries or not (entries[0].backend and entries[0].trace):
        raise UserError(f"benchmarks has no entry for {cell.name} with at least one backend and one value of trace.")
    common = {key: value for key in BENCHMARK_KEYS if (value := getattr(settings, key)) is not None}
    entry = replace(entries[0], **common)
    if BASE in (settings.against or ()) and load_cell(str(trial.cell["base"])).digest == cell.digest:
        raise UserError(f"{cell.name} is not an ablation, so it has no base to compare with.")
    against = [str(trial.cell["base"]) if name == BASE else name for name in entry.against]
    own = candidates(trial.cell, entry.backend, against, entry.trace, settings.precision)
    return Benchmark(trial.cell, shape, own, entry.memory)
