"""The trials of a plan that are refused, because a setting does not fit the network of the task, or this machine.

Those that every machine refuses are found by loading the task and building a small network, which imports torch. So
only trials with such a setting are looked at, and the result is kept in the cache.
"""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from gatebench.cells import is_architecture
from gatebench.errors import UserError
from gatebench.machine.cxx_compiler import compile_refusal
from gatebench.spec.architecture import Architecture
from gatebench.trial import Trial
from launch.config.settings import Settings

SMALL_SIZE = 4
"""The hidden size of the network that is built."""

CACHE_NAME = "refusal"
"""The first part of the name of the cache's entries."""


def known_refusals(trials: Iterable[Trial], settings: Settings) -> dict[str, str]:
    """Return {digest: sentence} of the trials that are refused before their first step.

    These are trials with `training.tbptt`, `model.embed_input`, `training.cuda_graphs` or an architecture that is no
    cell whose task does not allow it. Trials whose data files are missing are left out, because their networks cannot
    be built. Trials with `training.compile` are refused if this machine has no C++ compiler; the machines of a cluster
    that is joined are not known here.

    Args:
        trials: the trials of a plan.
        settings: the settings with the home and the data root.
    """
    sentences: dict[str, str] = {}
    found = {}
    without_compiler = compile_refusal() if settings.ray_address is None else ""
    for trial in trials:
        if trial.training.compile and without_compiler:
            found[trial.digest] = without_compiler
        elif _may_not_fit(trial):
            small = _small(trial)
            key = _key(small)
            if key not in sentences:
                sentences[key] = _sentence(small, key, settings.home_folder.root / "cache", settings.data_folder)
            if sentences[key]:
                found[trial.digest] = sentences[key]
    return found


def _may_not_fit(trial: Trial) -> bool:
    """Return whether a trial has a setting that some tasks do not allow."""
    training = trial.training
    has_setting = training.tbptt or training.cuda_graphs or trial.model.embed_input
    return bool(has_setting or is_architecture(trial.cell))


def _key(trial: Trial) -> str:
    """Return a text of all that decides whether a trial is refused."""
    architecture = trial.cell if is_architecture(trial.cell) else ""
    return repr((architecture, trial.task, trial.model, trial.training.tbptt, trial.training.cuda_graphs))


def _small(trial: Trial) -> Trial:
    """Return the trial with a small network, which is refused for the same reasons."""
    compared = trial.build_compared()
    size = compared.width_step if isinstance(compared, Architecture) else min(trial.model.hidden_size, SMALL_SIZE)
    return replace(trial, model=replace(trial.model, hidden_size=size, num_layers=1))


def _sentence(trial: Trial, key: str, cache: Path, data_root: Path) -> str:
    """Return why a trial is refused, from the cache if it has it; "" if it is not, or its data are missing."""
    from importlib.metadata import version

    import numpy as np

    from tasks.data.array_cache import Arrays, cached_arrays

    def compute() -> Arrays:
        from gatebench.training.network_check import network_refusal  # imports torch

        text = network_refusal(trial, trial.build_task().load(data_root, cache))
        return {"sentence": np.frombuffer(text.encode(), dtype=np.uint8)}

    origin = {"settings": key, "checksums": dict(trial.build_task().checksums()), "version": version("gatebench")}
    try:
        return cached_arrays(cache, CACHE_NAME, origin, compute)["sentence"].tobytes().decode()
    except UserError:
        return ""
