"""The position in a trial, and how Lightning's loops are brought to it."""

from dataclasses import dataclass

import pytorch_lightning as pl


@dataclass(frozen=True)
class Position:
    """The position in a trial from which it continues.

    Attributes:
        experience: the number of the experience, from 0; 0 for a task without experiences.
        epoch: the number of complete epochs of this experience.
        steps: the training steps of the next epoch that are done. If these are all steps, the validation comes next.
        trained: whether the training on this experience is over; then the test with the best weights comes next.
    """

    experience: int = 0
    epoch: int = 0
    steps: int = 0
    trained: bool = False


def move_loops(trainer: pl.Trainer, epoch: int, steps: int) -> None:
    """Let the next `trainer.fit` start after some epochs, and after some training steps of the next epoch.

    Lightning's own restore is not used: a checkpoint that its hooks take after the last step of an epoch continues
    without the validation of this epoch, and one that they take between two epochs continues with an epoch without
    steps. This function sets the counters so that only the clear cases occur:

    - no step is done: the loop of epochs starts at `epoch`, like after a complete epoch.
    - some steps are done: the loop of epochs is in the middle of an epoch ("restarted mid epoch"), and the loop of
      steps is after a complete step ("restarted on last"). It goes on with the next step. The loader must not return
      the batches of the steps that are done.
    - all steps are done: as before, and the loop of validation is in its first batch ("restarted mid evaluation"). The
      loop of steps then runs the validation, from its first batch, before anything else.

    Args:
        trainer: a new trainer.
        epoch: the number of complete epochs.
        steps: the number of complete steps of the next epoch.
    """
    fit = trainer.fit_loop
    begun = epoch + 1 if steps else epoch
    for epochs in (fit.epoch_progress.total, fit.epoch_progress.current):
        epochs.load_state_dict({"ready": begun, "started": begun, "processed": epoch, "completed": epoch})
    if not steps:
        return
    batches, validation = fit.epoch_loop.batch_progress, fit.epoch_loop.val_loop.batch_progress
    for done in (batches.total, batches.current):
        done.load_state_dict(dict.fromkeys(("ready", "started", "processed", "completed"), steps))
    for validated in (validation.total, validation.current):
        validated.load_state_dict({"ready": 1, "started": 1, "processed": 0, "completed": 0})
    fit.restarting = True
