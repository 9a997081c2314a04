"""From overrides to trials: Hydra composes the config, its override grammar spans the grid. The only use of Hydra."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
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
from gatebench.trial import Trial
from launch.config.config_errors import explain_config_error
from launch.config.overrides import MOST_TRIALS, Grammar, Setting, winning
from launch.config.settings import SWEPT, Settings, find_root


@dataclass(frozen=True)
class Plan:
    """What the overrides ask for.

    settings: what holds for all. trials: the distinct ones. chosen: whether the overrides say which trials are meant.
    text: the config as YAML.
    """

    settings: Settings
    trials: tuple[Trial, ...]
    chosen: bool
    text: str


def expand(overrides: Sequence[str], config_dir: Path | None = None) -> Plan:
    """Return the plan of all trials that the overrides and their experiment span, seed by seed.

    A sweep cut short thus still compares like with like.

    Args:
        overrides: in Hydra's grammar.
        config_dir: a further folder of configs, laid out as `conf` is.

    Raises:
        UserError: a config, a key, a type or a value is not allowed.
    """
    with composing(config_dir):
        grammar = Grammar(GlobalHydra.instance().config_loader())
        given = grammar.read(overrides)
        fixed = [choice for setting in given if not setting.spans for choice in setting.choices]
        base = compose("config", fixed, return_hydra_config=True)
        params = base.hydra.sweeper.params or {}
        spanned = [s for s in winning(grammar.read(f"{k}={v}" for k, v in params.items()), given) if s.spans]
        if (size := prod(len(setting.choices) for setting in spanned)) > MOST_TRIALS:
            raise UserError(f"The overrides span {size:,} trials; at most {MOST_TRIALS:,} are allowed.")
        settings = [_settings(config) for config in _configs(fixed, spanned, grammar)]
    trials: dict[str, Trial] = {}
    for trial in sorted((one.trial for one in settings), key=lambda trial: trial.seed):
        trials.setdefault(trial.digest, trial)
    chosen = any(setting.key.partition(".")[0] in (*SWEPT, "experiment") for setting in given)
    return Plan(settings[0], tuple(trials.values()), chosen, _text(base, spanned))


class _Folder(SearchPathPlugin):
    """Puts the user's folder of configs behind our own."""

    path: ClassVar[Path | None] = None

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        if self.path is not None:
            search_path.append("--config-dir", self.path.absolute().as_uri())


@contextmanager
def composing(config_dir: Path | None) -> Iterator[None]:
    """Start Hydra with `config_dir` on its path, and tell its errors in one sentence."""
    if config_dir is not None and not config_dir.is_dir():
        raise UserError(f"--config-dir is {str(config_dir)!r}, which is not a folder.")
    ConfigStore.instance().store("schema", _schema())
    OmegaConf.register_new_resolver("data", _below_data_root, replace=True)
    _Folder.path = config_dir
    Plugins.instance().register(_Folder)
    try:
        with initialize_config_module("conf", version_base="1.3"):
            yield
    except (HydraException, OmegaConfBaseException, yaml.YAMLError, ValueError) as error:
        raise explain_config_error(error) from None


def _below_data_root(name: str, *, _root_: DictConfig) -> str:
    """Return the path of a file below the data root: ${data:series/mine.csv}."""
    return str(find_root(_root_.data_root) / name)


def _schema() -> DictConfig:
    schema: DictConfig = OmegaConf.structured(Settings)
    for key in ("model", "training"):  # frozen dataclasses would refuse every override
        OmegaConf.set_readonly(schema[key], False)
    return schema


def _configs(fixed: Sequence[str], spanned: Sequence[Setting], grammar: Grammar) -> Iterator[DictConfig]:
    """Yield one config a point of the grid. Hydra composes each choice of groups once; values are set on copies."""
    groups = [setting.choices for setting in spanned if setting.is_group]
    values = [setting for setting in spanned if not setting.is_group]
    for choice in product(*groups):
        base = _checked(compose("config", [*fixed, *choice]))
        for point in product(*(setting.choices for setting in values)):
            config = base.copy()
            for setting, text in zip(values, point, strict=True):
                OmegaConf.update(config, setting.key, grammar.value(text))
            yield config


def _checked(config: DictConfig) -> DictConfig:
    """Return the config with its keys checked once more: `+key=value` may have added some."""
    checked = OmegaConf.merge(_schema(), OmegaConf.to_container(config))
    assert isinstance(checked, DictConfig)
    return checked


def _settings(config: DictConfig) -> Settings:
    settings = OmegaConf.to_object(config)
    assert isinstance(settings, Settings)
    return settings


def _text(base: DictConfig, spanned: Sequence[Setting]) -> str:
    """Return the config before the sweep, as Hydra's `--cfg job` does, with what is swept on top."""
    job = OmegaConf.masked_copy(base, [str(key) for key in base if key != "hydra"])
    sweeps = [f"# sweeps {s.key} over {', '.join(c.partition('=')[2] for c in s.choices)}\n" for s in spanned]
    return "".join(sweeps) + OmegaConf.to_yaml(job)
