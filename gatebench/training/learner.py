"""The Lightning module: the loss and the optimiser, and the metrics of an epoch."""

from collections import defaultdict
from collections.abc import Callable
from math import isfinite, nan

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback
from torch import Tensor, optim

from gatebench.derive.bounds import unit_gates
from gatebench.measures import gate_statistics
from gatebench.outcome import Epoch
from gatebench.task import Batch, Problem
from gatebench.training.network import Network
from gatebench.trial import OPTIMIZERS, Trial


class Learner(pl.LightningModule):
    """A network with its loss, its metrics and its optimiser.

    Args:
        trial: the trial, with the cell, the network and the training.
        problem: the loaded task.

    Attributes:
        network: the network that is trained.
        history: the metrics of each epoch, for example "train/loss", "val/accuracy", "gate/l0/f/mean".
    """

    def __init__(self, trial: Trial, problem: Problem) -> None:
        super().__init__()
        self.trial, self.problem = trial, problem
        self.network = Network(problem, trial)
        self.history: list[dict[str, float]] = []
        self._losses: list[Tensor] = []
        self._tallies: dict[str, Tensor] = {}
        self._gate_metrics: dict[str, float] = {}
        self._test_scores: dict[str, float] = {}

    def training_step(self, batch: Batch, index: int) -> Tensor:
        """Return the loss of a batch."""
        del index
        loss = self.problem.loss(self.network(batch), batch)
        self._losses.append(loss.detach())
        return loss

    def on_validation_epoch_start(self) -> None:
        """Set the sums of the epoch to 0."""
        self._tallies, self._gate_metrics = _zero_tallies(), {}

    def validation_step(self, batch: Batch, index: int) -> None:
        """Add a batch to the sums. The gates are recorded in the first batch only."""
        self._add(batch)
        if index == 0:
            encoded = self.network.encoder(batch.x)
            trace = self.network.recurrent.trace(encoded, lengths=batch.lengths)[2]
            cell = self.network.recurrent.cell
            self._gate_metrics = gate_statistics.trace_metrics(
                trace, batch.lengths, unit_gates=unit_gates(cell) & set(cell.definitions.gates)
            )

    def on_validation_epoch_end(self) -> None:
        """Add the epoch's metrics to the history. Stop the training if the loss is not finite."""
        loss = torch.stack(self._losses).mean().item() if self._losses else nan
        self._losses = []
        scores = {f"val/{name}": value for name, value in self._scores().items()}
        self.history.append({"train/loss": loss, **scores, **self._gate_metrics})
        self.log_dict({name: torch.tensor(value, dtype=torch.float32) for name, value in scores.items()})
        if not isfinite(loss):
            self.trainer.should_stop = True

    def on_test_epoch_start(self) -> None:
        """Set the sums of the test to 0."""
        self._tallies = _zero_tallies()

    def test_step(self, batch: Batch, index: int) -> None:
        """Add a batch to the sums."""
        del index
        self._add(batch)

    def on_test_epoch_end(self) -> None:
        """Compute the test scores."""
        self._test_scores = {f"test/{name}": value for name, value in self._scores().items()}

    @property
    def test_scores(self) -> dict[str, float]:
        """The metrics of the last test, for example "test/accuracy"; empty before the first test."""
        return self._test_scores

    def configure_optimizers(self) -> optim.Optimizer:
        """Return the optimiser that the config names.

        `training.learning_rate` and `training.weight_decay` are passed to the class of `torch.optim`. All other
        settings are torch's defaults: for Adam and AdamW betas (0.9, 0.999) and eps 1e-8, for RMSprop alpha 0.99 and
        eps 1e-8, for SGD no momentum.
        """
        settings = self.trial.training
        make: Callable[..., optim.Optimizer] = getattr(optim, OPTIMIZERS[settings.optimizer])
        return make(self.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay)

    def _add(self, batch: Batch) -> None:
        for name, value in self.problem.tally(self.network(batch), batch).items():
            self._tallies[name] = self._tallies[name] + value.detach().double().cpu()

    def _scores(self) -> dict[str, float]:
        return self.problem.scores({name: value.item() for name, value in self._tallies.items()})


def _zero_tallies() -> defaultdict[str, Tensor]:
    return defaultdict(lambda: torch.zeros(()))


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
        self.emit(Epoch(self.digest, trainer.current_epoch, self.trial.training.max_epochs, pl_module.history[-1]))
