"""Lightning's loops over batches, without the parts that this project does not use.

Lightning calls a hook of each callback, of the module and of the strategy about fifty times a step. For each of them it
notes the name of the hook in the module, asks its profiler for a context, and collects the values that were logged.
Almost all of these hooks are empty here, and nothing is logged in a step. With small networks this took a third of the
time of a step.

The loops of this module call the same functions in the same order, with the same numbers, but only the hooks that a
callback overrides. They are used by a process that trains alone on the CPU, without callbacks and loggers from configs.
All others keep Lightning's loops.
"""

from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any, cast

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback
from pytorch_lightning.loops.evaluation_loop import _EvaluationLoop
from pytorch_lightning.loops.fetchers import _DataFetcher
from pytorch_lightning.loops.training_epoch_loop import _TrainingEpochLoop
from pytorch_lightning.plugins import Precision
from pytorch_lightning.trainer.states import RunningStage, TrainerFn
from pytorch_lightning.utilities.exceptions import SIGTERMException
from torch import Tensor, nn

from gatebench.training.direct_updates import update_of
from gatebench.training.learner import Learner

Hook = Callable[..., object]
"""A hook of a callback. Its first arguments are the trainer and the module."""

TRAINING_HOOKS = (
    "on_train_batch_start",
    "on_before_zero_grad",
    "on_before_backward",
    "on_after_backward",
    "on_before_optimizer_step",
    "on_train_batch_end",
)
"""The hooks of callbacks in a training step."""

KNOWN_LIGHTNING = "2.6."
"""The versions of Lightning whose loops these ones replace. They use names that Lightning does not promise to keep.

With another version Lightning's own loops run. The results are the same, and a step takes longer.
"""

VALIDATION_HOOKS = ("on_validation_batch_start", "on_validation_batch_end")
"""The hooks of callbacks in a step of the validation."""


def use_direct_loops(trainer: pl.Trainer) -> None:
    """Let a new trainer train and validate with the loops of this module, if it trains alone in float32 on the CPU.

    Args:
        trainer: the trainer. Its callbacks and its module log nothing in a step.
    """
    is_plain = type(trainer.precision_plugin) is Precision
    is_known = version("pytorch-lightning").startswith(KNOWN_LIGHTNING)
    if not is_known or trainer.world_size > 1 or trainer.strategy.root_device.type != "cpu" or not is_plain:
        return
    fit = trainer.fit_loop
    fit.epoch_loop = DirectEpochLoop(trainer, fit.min_steps, fit.max_steps)


class DirectEpochLoop(_TrainingEpochLoop):
    """The loop over the training batches of an epoch, each with a step of the optimiser."""

    def __init__(self, trainer: pl.Trainer, min_steps: int | None, max_steps: int) -> None:
        super().__init__(trainer, min_steps, max_steps)
        self.val_loop = DirectValidationLoop(trainer)
        self._hooks: dict[str, Sequence[Hook]] = {}
        self._parameters: list[nn.Parameter] = []
        self._update: Hook = _nothing

    def on_run_start(self, data_fetcher: _DataFetcher) -> None:
        """Begin an epoch: note the hooks, and how the optimiser changes the weights."""
        super().on_run_start(data_fetcher)
        data_fetcher._start_profiler = data_fetcher._stop_profiler = _nothing
        optimizer = self.trainer.optimizers[0]
        self._hooks = overridden_hooks(self.trainer, TRAINING_HOOKS)
        self._parameters = [weight for group in optimizer.param_groups for weight in group["params"]]
        self._update = update_of(optimizer)
        optimizer._opt_called = True  # else torch's schedules warn that no step was made

    def advance(self, data_fetcher: _DataFetcher) -> None:
        """Train on the next batch."""
        if self.restarting:  # after a checkpoint: the first step needs Lightning's decisions
            super().advance(data_fetcher)
            return
        self.val_loop.restarting = False
        batch, _, _ = next(data_fetcher)
        number, progress = self.batch_idx + 1, self.batch_progress
        progress.is_last_batch = data_fetcher.done
        progress.increment_ready()
        self._call("on_train_batch_start", batch, number)
        progress.increment_started()
        loss = self._step(batch, number)
        progress.increment_processed()
        self._call("on_train_batch_end", {"loss": loss.detach()}, batch, number)
        progress.increment_completed()

    def on_advance_end(self, data_fetcher: _DataFetcher) -> None:
        """Validate after the last batch."""
        may_end = self.restarting or self._num_ready_batches_reached() or self._skip_next_val
        if may_end or self.trainer.should_stop or self.trainer.received_sigterm:
            super().on_advance_end(data_fetcher)
        else:
            self._batches_that_stepped += 1

    def _step(self, batch: Any, number: int) -> Tensor:
        """Make a step of the optimiser, and return the loss."""
        learner, optimizer = cast("Learner", self.trainer.lightning_module), self.trainer.optimizers[0]
        steps = self.automatic_optimization.optim_progress.optimizer.step
        steps.increment_ready()
        loss = learner.training_step(batch, number)
        self._call("on_before_zero_grad", optimizer)
        for weight in self._parameters:
            weight.grad = None
        self._call("on_before_backward", loss)
        loss.backward()  # type: ignore[no-untyped-call]
        self._call("on_after_backward")
        learner.on_after_backward()
        self._call("on_before_optimizer_step", optimizer)
        learner.limit_gradient(self._parameters)
        with torch.no_grad():
            self._update(optimizer)
        learner.after_optimizer_step()
        steps.increment_completed()
        return loss

    def _call(self, name: str, *arguments: Any) -> None:
        """Call a hook of the callbacks."""
        for hook in self._hooks[name]:
            hook(self.trainer, self.trainer.lightning_module, *arguments)


class DirectValidationLoop(_EvaluationLoop):
    """The loop over the validation batches."""

    def __init__(self, trainer: pl.Trainer) -> None:
        super().__init__(trainer, TrainerFn.FITTING, RunningStage.VALIDATING, verbose=False, inference_mode=False)
        self._hooks: dict[str, Sequence[Hook]] = {}

    def reset(self) -> None:
        """Begin a pass."""
        super().reset()
        assert self._data_fetcher is not None
        self._data_fetcher._start_profiler = self._data_fetcher._stop_profiler = _nothing
        self._hooks = overridden_hooks(self.trainer, VALIDATION_HOOKS)

    def _evaluation_step(self, batch: Any, batch_idx: int, dataloader_idx: int, dataloader_iter: Any) -> None:
        """Add a batch to the scores."""
        del dataloader_iter
        trainer, progress = self.trainer, self.batch_progress
        learner = cast("Learner", trainer.lightning_module)
        progress.increment_ready()
        for hook in self._hooks["on_validation_batch_start"]:
            hook(trainer, learner, batch, batch_idx)
        progress.increment_started()
        learner.validation_step(batch, batch_idx)
        progress.increment_processed()
        for hook in self._hooks["on_validation_batch_end"]:
            hook(trainer, learner, None, batch, batch_idx)
        progress.increment_completed()
        self._has_run = True
        self._seen_batches_per_dataloader[dataloader_idx] += 1
        if not progress.is_last_batch and trainer.received_sigterm:
            raise SIGTERMException


def overridden_hooks(trainer: pl.Trainer, names: Sequence[str]) -> dict[str, Sequence[Hook]]:
    """Return the hooks of the trainer's callbacks that do something, in the order of the callbacks.

    Args:
        trainer: the trainer.
        names: the names of the hooks.
    """
    callbacks: list[Callback] = trainer.callbacks  # type: ignore[attr-defined]  # Lightning does not declare it
    return {
        name: [getattr(one, name) for one in callbacks if getattr(type(one), name) is not getattr(Callback, name)]
        for name in names
    }


def _nothing(*_: object) -> None:
    """Do nothing, in place of Lightning's profiler."""
