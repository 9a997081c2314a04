"""The number of devices of a trial, and the number of GPUs that are reserved for it."""

from gatebench.errors import UserError
from gatebench.trial import Training


def check_gpus(training: Training, gpus: float | None) -> None:
    """Check that the GPUs that are reserved for a trial are those that it uses.

    Args:
        training: the settings of the training.
        gpus: `gpus_per_trial`; None: as many as the trial uses.

    Raises:
        UserError: a trial uses another number of GPUs than is reserved.
    """
    if gpus is None or (training.ranks == 1 and gpus <= 1):
        return
    used = training.ranks if training.device == "cuda" else 0
    if gpus == used:
        return
    raise UserError(
        f"gpus_per_trial is {gpus:g}, but training.device={training.device}, training.devices={training.devices} and "
        f"training.nodes={training.nodes} use {used}; leave gpus_per_trial out, or change the training."
    )
