"""What is optimised, measured and reported in an epoch."""

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
    """A network with its loss, its metrics and its optimiser. `history` holds every epoch's metrics."""

    def __init__(self, trial: Trial, problem: Problem) -> None:
        super().__init__()
        self.trial, self.problem = trial, problem
        self.network = Network(problem, trial)
        self.history: list[dict[str, float]] = []
        self._losses: list[Tensor] = []
        self._tallies: dict[str, Tensor] = {}
        self._figures: dict[str, float] = {}

    def training_step(self, batch: Batch, index: int) -> Tensor:
        """Return the loss of a batch."""
        del index
        loss = self.problem.loss(self.network(batch), batch)
        self._losses.append(loss.detach())
        return loss

    def on_validation_epoch_start(self) -> None:
        """Begin the sums of an epoch."""
        self._tallies, self._figures = defaultdict(lambda: torch.zeros(())), {}

    def validation_step(self, batch: Batch, index: int) -> None:
        """Add a batch to the sums; the first one is also traced, for the gates' statistics."""
        self._add(batch)
        if index == 0:
            encoded = self.network.encoder(batch.x)
            trace = self.network.recurrent.trace(encoded, lengths=batch.lengths)[2]
            cell = self.network.recurrent.cell
            self._figures = gate_statistics.summarize(
                trace, batch.lengths, unit_gates=unit_gates(cell) & set(cell.definitions.gates)
            )

    def on_validation_epoch_end(self) -> None:
        """Score the epoch, and stop the training where the loss is no number any more."""
        loss = torch.stack(self._losses).mean().item() if self._losses else nan
        self._losses = []
        scores = {f"val/{name}": value for name, value in self._scores().items()}
        self.history.append({"train/loss": loss, **scores, **self._figures})
        self.log_dict({name: torch.tensor(value, dtype=torch.float32) for name, value in scores.items()})
        if not isfinite(loss):
            self.trainer.should_stop = True

    def on_test_epoch_start(self) -> None:
        """Begin the sums of the test."""
        self._tallies = defaultdict(lambda: torch.zeros(()))

    def test_step(self, batch: Batch, index: int) -> None:
        """Add a batch to the sums."""
        del index
        self._add(batch)

    def on_test_epoch_end(self) -> None:
        """Score the test."""
        self._figures = {f"test/{name}": value for name, value in self._scores().items()}

    @property
    def test_scores(self) -> dict[str, float]:
        """The test's metrics, after it has run."""
        return self._figures

    def configure_optimizers(self) -> optim.Optimizer:
        """Return the optimiser that the config names."""
        settings = self.trial.training
        make: Callable[..., optim.Optimizer] = getattr(optim, OPTIMIZERS[settings.optimizer])
        return make(self.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay)

    def _add(self, batch: Batch) -> None:
        for name, value in self.problem.tally(self.network(batch), batch).items():
            self._tallies[name] = self._tallies[name] + value.detach().double().cpu()

    def _scores(self) -> dict[str, float]:
        return self.problem.scores({name: value.item() for name, value in self._tallies.items()})


class EpochReporter(Callback):
    """Passes every epoch's metrics on."""

    def __init__(self, emit: Callable[[Epoch], None], trial: Trial) -> None:
        self.emit, self.trial, self.digest = emit, trial, trial.digest

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Emit the epoch that was just validated."""
        assert isinstance(pl_module, Learner)
        self.emit(Epoch(self.digest, trainer.current_epoch, self.trial.training.max_epochs, pl_module.history[-1]))
