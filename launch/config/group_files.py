"""The sections of a composed config for other choices of its config groups, without composing the config again.

Hydra needs 50 to 100 ms to compose a config. If the file of a choice, for example `conf/cell/gru.yaml`, sets only keys
of its own section, then another choice changes this section and nothing else. So only the section is made again: from
the same files and overrides, in the order of Hydra's defaults list. Files that do more are left to Hydra.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.errors import HydraException
from hydra.plugins.config_source import ConfigResult, ConfigSource
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError


class GroupFiles:
    """The files and overrides from which a config was composed.

    Args:
        loader: Hydra's config loader.
        base: the composed config.
        overrides: the overrides with which it was composed.
    """

    def __init__(self, loader: ConfigLoader, base: DictConfig, overrides: Sequence[str]) -> None:
        self._sources: list[ConfigSource] = loader.get_sources()
        self._base = base
        composition = loader.compute_defaults_list("config", list(overrides), RunMode.RUN)
        self._files = [file for file in composition.defaults if file.config_path is not None]
        self._overrides = composition.config_overrides

    def sections(self, group: str, names: Sequence[str]) -> list[DictConfig] | None:
        """Return the section of a group for each of some choices; None if Hydra has to compose the configs.

        Args:
            group: the name of the group, which is the name of its section: "cell".
            names: the names of the files.
        """
        own = [file.config_path for file in self._files if file.config_path.startswith(f"{group}/")]
        if len(own) != 1:
            return None
        try:
            composed = [self._section(group, own[0], f"{group}/{name}") for name in names]
            check = self._section(group, own[0], own[0])
        except (HydraException, OmegaConfBaseException, YAMLError, _NotPlainError):
            return None  # Hydra composes the config, and its error names the file
        is_same = OmegaConf.to_container(check) == OmegaConf.to_container(self._base[group])
        return composed if is_same else None

    def _section(self, group: str, replaced: str, replacement: str) -> DictConfig:
        """Return the section of a group in which one file takes the place of another."""
        config = OmegaConf.create()
        for part in self._parts(group, replaced, replacement):
            config.merge_with({group: part})
        OmegaConf.set_struct(config, True)
        for override in self._overrides:
            if override.key_or_group.partition(".")[0] == group:
                _apply(config, override)
        section = config[group]
        assert isinstance(section, DictConfig)
        return section

    def _parts(self, group: str, replaced: str, replacement: str) -> Iterator[Any]:
        """Yield the content of each file for a section, in the order of the defaults list."""
        for file in self._files:
            if file.config_path == replaced:
                result = self._load(replacement)
                if file.package != group or result.header.get("package") is not None or "defaults" in result.config:
                    raise _NotPlainError
                yield result.config
            elif (file.package or "") == "":
                content = self._load(file.config_path).config
                if group in content:
                    yield content._get_node(group)
            elif file.package.partition(".")[0] == group:
                raise _NotPlainError

    def _load(self, path: str) -> ConfigResult:
        for source in self._sources:
            if source.is_config(path):
                return source.load_config(path)
        raise _NotPlainError


class _NotPlainError(Exception):
    """A file or an override does more than to set keys of its own section."""


def _apply(config: DictConfig, override: Any) -> None:
    """Apply an override of Hydra to a config, like Hydra."""
    key, value = override.key_or_group, override.value()
    if override.package is not None:
        raise _NotPlainError
    if override.is_delete():
        parent, _, name = key.rpartition(".")
        node = OmegaConf.select(config, parent)
        if value is not None or not isinstance(node, DictConfig) or name not in node:
            raise _NotPlainError
        OmegaConf.set_struct(node, False)
        del node[name]
        OmegaConf.set_struct(node, None)
    elif override.is_add() and OmegaConf.select(config, key) is not None:
        raise _NotPlainError
    else:
        OmegaConf.update(config, key, value, force_add=override.is_add() or override.is_force_add())
