"""Where the time of a training step goes: by its phases, by the recurrent layers, and in torch's matrix products."""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from gatebench.task import Batch
from gatebench.training.batches import Batches

PRODUCTS = ("mm", "addmm", "addmm_", "bmm", "baddbmm", "addmv", "mv")
"""The names of torch's matrix products. Those inside a compiled recurrent layer are not among them."""

PHASES = ("batch", "layers", "forward, the rest", "backward, the rest", "clipping and optimiser", "Lightning")
"""The parts of a step.

"batch" is its gathering. "layers" are the recurrent layers, or those of an architecture that is no cell. "the rest" is
the encoder, the head and the loss, or the other modules of a task's body.
"""


class RecurrentClock:
    """Adds up the time that recurrent layers take in a step, forward and backward.

    The backward time of a part is that from its first gradient to its last gradient of a weight.

    Args:
        stacks: the recurrent layers of each part.
        now: the clock, in seconds.
    """

    def __init__(self, stacks: Mapping[str, nn.Module], now: Callable[[], float]) -> None:
        self._now = now
        self._began: dict[str, float] = {}
        self._first: dict[str, float] = {}
        self._last: dict[str, float] = {}
        self.forward = 0.0
        for name, stack in stacks.items():
            self._watch(name, stack)

    @property
    def backward(self) -> float:
        """The seconds of the backward passes since `reset`."""
        return sum(self._last.get(name, first) - first for name, first in self._first.items())

    def reset(self) -> None:
        """Start the next step."""
        self.forward = 0.0
        self._first.clear()
        self._last.clear()

    def _watch(self, name: str, stack: nn.Module) -> None:
        def begin(*_: Any) -> None:
            self._began[name] = self._now()

        def end(module: nn.Module, inputs: Any, outputs: Any) -> None:
            del module, inputs
            self.forward += self._now() - self._began[name]
            for tensor in _tensors(outputs):
                if tensor.requires_grad:
                    tensor.register_hook(first_gradient)  # type: ignore[no-untyped-call]

        def first_gradient(_: Tensor) -> None:
            self._first.setdefault(name, self._now())

        def weight_gradient(_: Tensor) -> None:
            self._last[name] = self._now()

        stack.register_forward_pre_hook(begin)
        stack.register_forward_hook(end)
        for weight in stack.parameters():
            weight.register_post_accumulate_grad_hook(weight_gradient)  # type: ignore[no-untyped-call]


def _tensors(outputs: Any) -> Iterator[Tensor]:
    """Yield the tensors in the outputs of a module."""
    if isinstance(outputs, Tensor):
        yield outputs
    elif isinstance(outputs, tuple):
        for one in outputs:
            yield from _tensors(one)


class Measured(Exception):  # noqa: N818  (it ends a training that has no fault)
    """The wanted number of steps is measured."""


class StepClock(Callback):
    """A Lightning callback that takes the times within each training step.

    Args:
        stacks: the recurrent layers of each part.
        device: the device of the network. A GPU is waited for at each time that is taken.
        wanted: the number of steps.

    Attributes:
        steps: {phase: seconds} of each step but the last ones of the epochs, whose end is not seen.
    """

    def __init__(self, stacks: Mapping[str, nn.Module], device: torch.device, wanted: int) -> None:
        self._device, self._wanted = device, wanted
        self._recurrent = RecurrentClock(stacks, self._now)
        self._times: dict[str, float] = {}
        self._waited = 0.0
        self.steps: list[dict[str, float]] = []

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Batch, index: int
    ) -> None:
        """Complete the step before, and begin the next one.

        Raises:
            Measured: these are enough steps.
        """
        del pl_module, batch, index
        now = self._now()
        batches = trainer.train_dataloader
        waited = batches.waited if isinstance(batches, Batches) else 0.0
        if self._times:
            self.steps.append(self._phases(now, waited))
        if len(self.steps) == self._wanted:
            raise Measured
        self._recurrent.reset()
        self._times, self._waited = {"start": now}, waited

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Forget the last step of the epoch, because the validation follows it."""
        del trainer, pl_module
        self._times = {}

    def on_before_backward(self, trainer: pl.Trainer, pl_module: pl.LightningModule, loss: Tensor) -> None:
        """Take the time after the forward pass and the loss."""
        del trainer, pl_module, loss
        self._times["forward"] = self._now()

    def on_after_backward(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Take the time after the backward pass."""
        del trainer, pl_module
        self._times["backward"] = self._now()

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Batch, batch_idx: int
    ) -> None:
        """Take the time after the optimiser."""
        del trainer, pl_module, outputs, batch, batch_idx
        self._times["update"] = self._now()

    def _phases(self, now: float, waited: float) -> dict[str, float]:
        """Return the seconds of each phase of the step that has ended."""
        times, recurrent = self._times, self._recurrent
        gathering = waited - self._waited
        return dict(
            zip(
                PHASES,
                (
                    gathering,
                    recurrent.forward + recurrent.backward,
                    times["forward"] - times["start"] - recurrent.forward,
                    times["backward"] - times["forward"] - recurrent.backward,
                    times["update"] - times["backward"],
                    now - times["update"] - gathering,
                ),
                strict=True,
            )
        )

    def _now(self) -> float:
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        return time.perf_counter()


class ProductClock(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Adds up the time of torch's matrix products on a CPU, while it is active.

    Attributes:
        seconds: the time in these products.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.seconds: float = 0.0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run an operation of torch, and take its time if it is a product."""
        del types
        if func.overloadpacket.__name__ not in PRODUCTS:
            return func(*args, **(kwargs or {}))
        began = time.perf_counter()
        result = func(*args, **(kwargs or {}))
        self.seconds += time.perf_counter() - began
        return result
