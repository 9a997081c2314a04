"""The trials of a grid, made in the simplest way: Hydra composes each choice, OmegaConf makes each point."""

from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path

from hydra import compose
from hydra.core.global_hydra import GlobalHydra
from omegaconf import DictConfig, OmegaConf

from gatebench.trial import Trial
from launch.config.compose import _checked, _swept, hydra_session
from launch.config.overrides import Grammar
from launch.config.search_settings import SearchSettings
from launch.config.settings import Settings


def slow_trials(overrides: Sequence[str], config_dir: Path | None = None) -> tuple[Settings, list[Trial]]:
    """Return the settings of the first point, and the distinct trials, ordered by seed."""
    settings = list(_points(overrides, config_dir))
    trials: dict[str, Trial] = {}
    for trial in sorted((point.trial for point in settings), key=lambda trial: trial.seed):
        trials.setdefault(trial.digest, trial)
    return settings[0], list(trials.values())


def _points(overrides: Sequence[str], config_dir: Path | None) -> Iterator[Settings]:
    with hydra_session(config_dir):
        grammar = Grammar(GlobalHydra.instance().config_loader())
        given = grammar.parse(overrides)
        fixed = [choice for override in given if not override.is_sweep for choice in override.choices]
        swept = _swept(compose("config", fixed, return_hydra_config=True), given, grammar, SearchSettings())
        groups = [override.choices for override in swept if override.is_group]
        values = [override for override in swept if not override.is_group]
        for choice in product(*groups):
            base = _checked(compose("config", [*fixed, *choice]))
            for point in product(*(override.choices for override in values)):
                yield _settings(base, [override.key for override in values], point, grammar)


def _settings(base: DictConfig, keys: Sequence[str], texts: Sequence[str], grammar: Grammar) -> Settings:
    config = base.copy()
    for key, text in zip(keys, texts, strict=True):
        OmegaConf.update(config, key, grammar.value(text))
    settings = OmegaConf.to_object(config)
    assert isinstance(settings, Settings)
    return settings
