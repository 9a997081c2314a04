"""From overrides to contests: who is timed beside whom, on which shapes and numbers of threads."""

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

from gatebench.cells import load_cell
from gatebench.errors import UserError, out_of_range, unknown
from gatebench.speed.benchmark import Benchmark, candidates
from gatebench.speed.shape import Shape
from gatebench.trial import Trial
from launch.config.compose import composing, expand
from launch.config.overrides import Grammar, Setting

LISTS = ("shape", "threads", "backend", "against", "trace")
"""The keys that hold lists: threads=1,2 is the same as threads=[1,2]."""

CHOICES = ("backend", "against", "trace", "memory")
"""The keys of a contest that can be set for all of them."""

_PLANES = 8  # of (T, B, H): what the reference of a small cell keeps

BASE = "base"
"""In `against`: the cell that a cell is an ablation of."""


@dataclass
class BenchmarkConfig:
    """Who is timed beside whom, for some cells; none: for all that no other names."""

    cell: list[str] = field(default_factory=list)
    backend: list[str] = field(default_factory=list)
    against: list[str] = field(default_factory=list)
    trace: list[bool] = field(default_factory=lambda: [False])
    memory: bool = False


@dataclass
class SpeedSettings:
    """What a speed run is told; `conf/speed.yaml` says what each key means.

    Raises:
        UserError: a value is out of range.
    """

    cell: list[str] = field(default_factory=list)
    shape: list[Any] = field(default_factory=list)
    threads: list[int] | None = None
    seconds: float = 2.0
    keep_memory: bool = True
    json: str | None = None
    backend: list[str] | None = None
    against: list[str] | None = None
    trace: list[bool] | None = None
    memory: bool | None = None
    contests: dict[str, BenchmarkConfig] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.threads = self.threads and list(dict.fromkeys(self.threads))
        cores = os.cpu_count() or 1
        for count in self.threads or ():
            if not 1 <= count <= cores:
                raise out_of_range("threads", count, f"a whole number from 1 to {cores}, the cores of this machine")
        if not 0 <= self.seconds < float("inf"):
            raise out_of_range("seconds", self.seconds, "a number of at least 0")
        for key in ("cell", "shape", "threads", "backend", "trace"):
            if getattr(self, key) == []:
                raise UserError(f"{key} is empty, so there is nothing to time.")


@dataclass(frozen=True)
class SpeedPlan:
    """settings: what holds for all. contests: cell by cell, shape by shape. text: the config as YAML."""

    settings: SpeedSettings
    contests: tuple[Benchmark, ...]
    text: str


def speed_plan(overrides: Sequence[str], config_dir: Path | None = None) -> SpeedPlan:
    """Return all contests that the overrides ask for.

    Args:
        overrides: in Hydra's grammar: those of `cell` as in a sweep, and the keys of `SpeedSettings`; set=NAME takes
            `conf/set/NAME.yaml` on top of `conf/speed.yaml`.
        config_dir: a further folder of configs, laid out as `conf` is.

    Raises:
        UserError: a config, a key, a type or a value is not allowed.
    """
    ConfigStore.instance().store("speed_schema", OmegaConf.structured(SpeedSettings))
    with composing(config_dir):
        grammar = Grammar(GlobalHydra.instance().config_loader(), ("cell", *LISTS))
        tops = {text: setting.key.partition(".")[0] for text in overrides for setting in grammar.read([text])}
        config = _composed(grammar.read(text for text in overrides if tops[text] != "cell"), grammar)
        settings = OmegaConf.to_object(config)
    assert isinstance(settings, SpeedSettings)
    cells = [text for text in overrides if tops[text] == "cell"]
    trials = expand([f"cell={','.join(settings.cell)}", *cells], config_dir).trials
    settings.cell = config.cell = [trial.build_cell().name for trial in trials]
    shapes = list(dict.fromkeys(Shape.of(sizes) for sizes in settings.shape))
    for shape in shapes:
        _check_memory(shape)
    contests = tuple(_contest(trial, shape, settings) for trial in trials for shape in shapes)
    return SpeedPlan(settings, contests, OmegaConf.to_yaml(config))


def _check_memory(shape: Shape) -> None:
    """Refuse what no machine like this could hold: x, and the few planes that any cell keeps, in float64."""
    needed = 8 * shape.T * shape.B * (shape.I + _PLANES * shape.H)
    if needed > (there := os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")):
        raise UserError(
            f"The shape {shape} takes {needed / 1e9:,.0f} GB to compare with the reference; this machine has "
            f"{there / 1e9:,.0f} GB."
        )


def _composed(given: Sequence[Setting], grammar: Grammar) -> DictConfig:
    """Return the config with the overrides that are not of cells; a list is set whole, however it was written."""
    keys = [str(key) for key in OmegaConf.structured(SpeedSettings)]
    for setting in given:
        if (key := setting.key.partition(".")[0]) not in (*keys, "set"):
            raise unknown("key", key, [*keys, "set"])
    config = compose("speed", [setting.choices[0] for setting in given if setting.key not in LISTS])
    for setting in given:
        if setting.key in LISTS:
            OmegaConf.update(config, setting.key, _list(setting, grammar))
    return config


def _list(setting: Setting, grammar: Grammar) -> Any:
    """Return all values of an override of a list, a single one as a list of one; null stays null."""
    values = [grammar.value(choice) for choice in setting.choices]
    if setting.spans or values[0] is None:
        return values if setting.spans else None
    (value,) = values
    nested = isinstance(value, list) and (setting.key != "shape" or all(isinstance(one, list) for one in value))
    return value if nested else values


def _contest(trial: Trial, shape: Shape, settings: SpeedSettings) -> Benchmark:
    """Return the contest of a trial's cell: the one that names it, but for what the settings say of all contests."""
    cell = trial.build_cell()
    matches = [match for match in settings.contests.values() if cell.name in match.cell]
    matches += [match for match in settings.contests.values() if not match.cell]
    if not matches or not (matches[0].backend and matches[0].trace):
        raise UserError(f"contests says nothing of {cell.name}: no cell, no backend or no value of trace.")
    match = replace(matches[0], **{k: v for k in CHOICES if (v := getattr(settings, k)) is not None})
    if BASE in (settings.against or ()) and load_cell(str(trial.cell["base"])).digest == cell.digest:
        raise UserError(f"{cell.name} is no ablation, so there is no base to run it beside.")
    against = [str(trial.cell["base"]) if name == BASE else name for name in match.against]
    return Benchmark(trial.cell, shape, candidates(trial.cell, match.backend, against, match.trace), match.memory)
