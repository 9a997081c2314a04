"""The check, before anything starts, that the data files of the trials exist."""

from collections.abc import Iterable

from gatebench.trial import Trial
from launch.config.settings import Settings


def check_data_files(trials: Iterable[Trial], settings: Settings) -> None:
    """Check that the data files of the trials exist on this machine. Each distinct task is checked once.

    The trials of a cluster that is joined read the files of its machines, so they are not checked here.

    Args:
        trials: the trials that are going to run.
        settings: the settings with the data root, the home and the address of the cluster.

    Raises:
        UserError: a file is missing; the message says how to get it.
    """
    if settings.ray_address is not None:
        return
    tasks = {repr(trial.task): trial for trial in trials}
    for trial in tasks.values():
        trial.build_task().check_files(settings.data_folder, settings.home_folder.root / "cache")
