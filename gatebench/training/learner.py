"""The Lightning module: the loss and the optimiser, and the metrics of an epoch."""

import time
from collections.abc import Callable, Iterable, Sequence
from math import nan
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback
from pytorch_lightning.loggers import Logger
from torch import Tensor, nn, optim

from gatebench.derive.bounds import gate_ranges
from gatebench.derive.roles import roles
from gatebench.measures.gate_metrics import metrics
from gatebench.measures.gate_recorder import GateRecorder
from gatebench.measures.gate_sums import TraceSums
from gatebench.outcome import Epoch
from gatebench.task import Batch, Metric, Problem, Stream
from gatebench.training.batch_share import batch_share
from gatebench.training.compiled_loss import make_loss
from gatebench.training.epochs import best_epoch, divergence
from gatebench.training.evaluation import Evaluation
from gatebench.training.gradient_limits import limit_gradient
from gatebench.training.network import Network
from gatebench.training.optimizers import make_optimizer
from gatebench.training.penalties import add_penalty_gradients
from gatebench.training.rank_group import NO_GROUP, RankGroup
from gatebench.training.schedule import LearningRateSchedule, make_schedule
from gatebench.training.shared_loss import shared_loss
from gatebench.training.stop_rule import is_stopped
from gatebench.training.weight_noise import WeightNoise
from gatebench.trial import Trial


class Learner(pl.LightningModule):
    """A network with its loss, its metrics and its optimiser.

    Args:
        trial: the trial, with the cell, the network and the training.
        problem: the loaded task.
        record_gates: whether the gates are recorded in validation and test. Without a cell, there are none.
        group: the ranks that share the batches. The metrics and the gates are those of the examples of all ranks.

    Attributes:
        network: the network that is trained.
        metric: the metric of the validation split by which the best epoch is chosen.
        history: the metrics of each epoch, for example "train/loss", "val/accuracy", "gate/l0/keep/f/mean".
        ended: the time at which each epoch ended, in seconds since 1970.
        losses: the losses of the training steps since the last epoch ended, each a scalar.
        best_weights: a copy of the weights after the best epoch, on the CPU; None before the first usable epoch.
        roles: the roles of the cell's gates; empty without a cell.
        recorder: the recorder of the gates in validation and test.
        best_gates: the sums of the gates over the validation of the best epoch; None if they were not recorded.
        test_scores: the metrics of the last test, for example "test/accuracy"; empty before the first test.
        test_gates: the sums of the gates over the last test; None if they were not recorded.
        weight_noise: the noise on the weights in a training step.
        schedule: the schedule of the learning rate of this training; None if the learning rate does not change.
        record_gates: as in the arguments. It may be changed between two passes over a split.
        further_callbacks: the callbacks of the trial, by name.
        further_loggers: the loggers of the trial that this rank writes.
    """

    def __init__(
        self, trial: Trial, problem: Problem, *, record_gates: bool = True, group: RankGroup = NO_GROUP
    ) -> None:
        super().__init__()
        self.trial, self.group = trial, group
        self.further_callbacks: dict[str, Callback] = {}
        self.further_loggers: list[Logger] = []
        self.metric: Metric = problem.metric if isinstance(problem, Stream) else trial.build_task().metrics[0]
        self.network = Network(problem, trial)
        self.schedule: LearningRateSchedule | None = None
        self.weight_noise = WeightNoise(trial.training.weight_noise)
        cell = self.network.cell
        self.record_gates = record_gates and cell is not None
        self.roles = [] if cell is None else roles(cell)
        self.recorder = GateRecorder(self.roles, {} if cell is None else gate_ranges(cell))
        self.start(problem)

    def start(self, problem: Problem) -> None:
        """Train on this problem from now on. The weights stay, and everything that is known of epochs is forgotten."""
        self.problem = problem
        self._loss_of = make_loss(problem, self.network, self.trial.training)
        self.history: list[dict[str, float]] = []
        self.ended: list[float] = []
        self.losses: list[Tensor] = []
        self.best_weights: dict[str, Tensor] | None = None
        self.best_gates: TraceSums | None = None
        self.test_scores: dict[str, float] = {}
        self.test_gates: TraceSums | None = None

    def load_best_weights(self) -> None:
        """Take the weights of the best epoch. Nothing changes if no epoch was usable."""
        if self.best_weights is not None:
            self.load_state_dict(self.best_weights)

    def training_step(self, batch: Batch, index: int) -> Tensor:
        """Return the loss of a batch. With several ranks it is this rank's part, multiplied by the number of ranks."""
        del index
        self._begin_draws(batch)
        if self.group.is_alone:
            loss = self._loss_of(batch)
            self.losses.append(loss.detach())
            return loss
        part = shared_loss(self.problem, self.network, self._loss_of, batch, self.group)
        self.losses.append(part.detach())
        return part * self.group.ranks.world  # DDP divides the sum of the gradients by the number of ranks

    def on_after_backward(self) -> None:
        """Take the noise away from the weights, and add the gradient of the penalties."""
        settings = self.trial.training
        self.weight_noise.remove()
        if settings.l1 or settings.l2:
            add_penalty_gradients(self.network, settings.l1, settings.l2)

    def on_validation_epoch_start(self) -> None:
        """Start the sums of the epoch."""
        self._evaluation = self._new_evaluation()

    def validation_step(self, batch: Batch, index: int) -> None:
        """Add a batch to the sums."""
        del index
        self._evaluation.add(self.network, batch)

    def on_validation_epoch_end(self) -> None:
        """Add the epoch's metrics to the history. Stop the training if it has diverged."""
        loss = self._mean_loss()
        self.losses = []
        scores = {f"val/{name}": value for name, value in self._evaluation.scores().items()}
        gates = self._evaluation.gate_sums()
        rate = {} if self.schedule is None else {"train/learning_rate": self.schedule.rate}
        self.history.append({"train/loss": loss, **rate, **scores, **(metrics(gates, self.roles) if gates else {})})
        self.ended.append(time.time())
        if best_epoch(self.history, self.metric) == len(self.history) - 1:
            self.best_gates = gates
            self.best_weights = {name: value.detach().cpu().clone() for name, value in self.state_dict().items()}
        if divergence(self.history[-1], self.metric) is not None:
            self.trainer.should_stop = True
            scores = dict.fromkeys(scores, nan)  # it is not the best score, whatever it is
        elif is_stopped(self.history, self.metric, self.trial):
            self.trainer.should_stop = True
        elif self.schedule is not None:
            self.schedule.after_epoch(scores[f"val/{self.metric.name}"])
        self.log_dict({name: torch.tensor(value, dtype=torch.float32) for name, value in scores.items()})

    def on_test_epoch_start(self) -> None:
        """Start the sums of the test."""
        self._evaluation = self._new_evaluation()

    def test_step(self, batch: Batch, index: int) -> None:
        """Add a batch to the sums."""
        del index
        self._evaluation.add(self.network, batch)

    def on_test_epoch_end(self) -> None:
        """Compute the test scores."""
        self.test_scores = {f"test/{name}": value for name, value in self._evaluation.scores().items()}
        self.test_gates = self._evaluation.gate_sums()

    def configure_optimizers(self) -> optim.Optimizer:
        """Return a new optimiser, and make its schedule; see `gatebench.training.optimizers` and `schedule`."""
        optimizer = self.make_optimizer(self.parameters())
        self.schedule = make_schedule(self.trial.training, optimizer, self.metric)
        return optimizer

    def make_optimizer(self, parameters: Iterable[nn.Parameter]) -> optim.Optimizer:
        """Return a new optimiser with the settings of the trial for these parameters."""
        return make_optimizer(self.trial.training, parameters)

    def optimizer_step(self, *arguments: Any, **named: Any) -> None:
        """Make a step of the optimiser, and of the warm-up of the learning rate."""
        super().optimizer_step(*arguments, **named)
        self.after_optimizer_step()

    def after_optimizer_step(self) -> None:
        """Make a step of the warm-up of the learning rate."""
        if self.schedule is not None:
            self.schedule.after_step()

    def configure_gradient_clipping(
        self,
        optimizer: optim.Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Limit the gradient as the settings say. Lightning's own arguments say the same."""
        del gradient_clip_val, gradient_clip_algorithm
        self.limit_gradient([weight for group in optimizer.param_groups for weight in group["params"]])

    def limit_gradient(self, parameters: Sequence[nn.Parameter]) -> None:
        """Limit the gradient of these parameters as the settings say; see `gatebench.training.gradient_limits`."""
        limit_gradient(self.trial.training, parameters)

    def _begin_draws(self, batch: Batch) -> None:
        """Begin the random numbers of a training step, and add noise to the weights. All ranks must call it."""
        draws = self.network.draws
        if draws.generator is None:
            return
        draws.begin(batch_share(batch, self.group))
        if self.weight_noise.deviation:
            self.weight_noise.add(self.network.parameters(), draws)

    def _new_evaluation(self) -> Evaluation:
        return Evaluation(self.problem, self.recorder if self.record_gates else None, self.group)

    def _mean_loss(self) -> float:
        """Return the mean of the losses of the epoch's batches."""
        if not self.losses:
            return nan
        losses = torch.stack(self.losses)
        return (losses if self.group.is_alone else self.group.sum(losses).to(losses.dtype)).mean().item()


class EpochReporter(Callback):
    """A Lightning callback that sends the metrics of every epoch.

    Args:
        emit: the function that receives the epochs.
        trial: the trial that is trained.
    """

    def __init__(self, emit: Callable[[Epoch], None], trial: Trial) -> None:
        self.emit, self.trial, self.digest = emit, trial, trial.digest

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Send the epoch that was just validated."""
        assert isinstance(pl_module, Learner)
        number, total = trainer.current_epoch, self.trial.training.max_epochs
        self.emit(Epoch(self.digest, number, total, pl_module.history[-1], pl_module.ended[-1]))
