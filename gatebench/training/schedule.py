"""The learning rate over the training: a warm-up over the first steps, and a schedule over the epochs.

The learning rate of a step is η · warmup · schedule. The two factors do not depend on each other:

| setting | factor | torch's class |
| --- | --- | --- |
| warmup_steps=N | n / N at step n ≤ N, counted from 1; 1 afterwards | `LinearLR` |
| schedule=constant | 1 | |
| schedule=step | γ^⌊e / E⌋ in epoch e, counted from 0 | `StepLR` |
| schedule=cosine | (1 + cos(π e / max_epochs)) / 2 in epoch e | `CosineAnnealingLR` |
| schedule=plateau | multiplied by γ after each E epochs without a better validation score | `ReduceLROnPlateau` |

γ is `schedule_factor`, E is `schedule_epochs`.
"""

from dataclasses import dataclass
from math import inf

from torch import optim
from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR, LRScheduler, ReduceLROnPlateau, StepLR

from gatebench.task import Metric
from gatebench.training_settings import CONSTANT, Training


@dataclass(frozen=True)
class ScheduleState:
    """The state of a schedule.

    Attributes:
        rate: the learning rate of the next step.
        steps: number of training steps that the warm-up has counted.
        epochs: number of complete epochs.
        best: the best validation score so far; the worst infinity before the first epoch, and without a plateau.
        waited: number of epochs since the best score or the last change of the rate; 0 without a plateau.
    """

    rate: float
    steps: int
    epochs: int
    best: float
    waited: int


class LearningRateSchedule:
    """The schedulers of torch for one optimiser.

    Args:
        settings: the settings of the training.
        optimizer: the optimiser, before its first step.
        metric: the metric of the validation split that a plateau goes by.
    """

    def __init__(self, settings: Training, optimizer: optim.Optimizer, metric: Metric) -> None:
        self._optimizer = optimizer
        self._worst = -inf if metric.direction == "max" else inf
        self._warmup = _warmup(settings, optimizer)
        self._epochs = _epoch_scheduler(settings, optimizer, metric)

    @property
    def rate(self) -> float:
        """The learning rate of the next step."""
        rate: float = self._optimizer.param_groups[0]["lr"]
        return rate

    def after_step(self) -> None:
        """Go on after a training step."""
        if self._warmup is not None:
            self._warmup.step()

    def after_epoch(self, score: float) -> None:
        """Go on after an epoch.

        Args:
            score: the validation score of the epoch.
        """
        if isinstance(self._epochs, ReduceLROnPlateau):
            self._epochs.step(score)
        elif self._epochs is not None:
            self._epochs.step()

    def state(self) -> ScheduleState:
        """Return the state."""
        plateau = self._epochs if isinstance(self._epochs, ReduceLROnPlateau) else None
        return ScheduleState(
            rate=self.rate,
            steps=0 if self._warmup is None else self._warmup.last_epoch,
            epochs=0 if self._epochs is None else self._epochs.last_epoch,
            best=self._worst if plateau is None else plateau.best,
            waited=0 if plateau is None else plateau.num_bad_epochs,
        )

    def load(self, state: ScheduleState) -> None:
        """Continue from a state. The optimiser gets its learning rate."""
        vars(self._optimizer)["_opt_called"] = True  # torch warns of a scheduler that steps before its optimiser
        for group in self._optimizer.param_groups:
            group["lr"] = state.rate
        for scheduler, count in ((self._warmup, state.steps), (self._epochs, state.epochs)):
            if scheduler is not None:
                scheduler.load_state_dict({"last_epoch": count, "_last_lr": [state.rate]})
            if isinstance(scheduler, LRScheduler) and not isinstance(scheduler, ReduceLROnPlateau):
                scheduler.load_state_dict({"_step_count": count + 1})
            if isinstance(scheduler, ReduceLROnPlateau):
                scheduler.load_state_dict({"best": state.best, "num_bad_epochs": state.waited})


def make_schedule(settings: Training, optimizer: optim.Optimizer, metric: Metric) -> LearningRateSchedule | None:
    """Return the schedule of an optimiser; None if the learning rate does not change.

    Args:
        settings: the settings of the training.
        optimizer: the optimiser, before its first step.
        metric: the metric of the validation split that a plateau goes by.
    """
    if settings.schedule == CONSTANT and not settings.warmup_steps:
        return None
    return LearningRateSchedule(settings, optimizer, metric)


def _warmup(settings: Training, optimizer: optim.Optimizer) -> LinearLR | None:
    steps = settings.warmup_steps
    return LinearLR(optimizer, 1 / steps, 1.0, steps - 1) if steps > 1 else None


def _epoch_scheduler(
    settings: Training, optimizer: optim.Optimizer, metric: Metric
) -> StepLR | CosineAnnealingLR | ReduceLROnPlateau | None:
    match settings.schedule:
        case "step":
            return StepLR(optimizer, settings.schedule_epochs, settings.schedule_factor)
        case "cosine":
            return CosineAnnealingLR(optimizer, settings.max_epochs)
        case "plateau":
            return ReduceLROnPlateau(
                optimizer,
                metric.direction,
                factor=settings.schedule_factor,
                patience=settings.schedule_epochs - 1,  # torch waits for one epoch more
                threshold=0.0,
                threshold_mode="abs",
                eps=0.0,
            )
        case _:
            return None
