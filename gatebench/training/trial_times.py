"""Where the time of a trial goes: loading, the phases of a training step, and the passes over the validation part."""

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import median

import torch
from torch import nn

from gatebench.control import Control
from gatebench.errors import Refusal
from gatebench.machine import allocator
from gatebench.task import Stream
from gatebench.training.batches import Batches
from gatebench.training.checkpoint.saver import TrialSaver
from gatebench.training.compiled_loss import check_compile
from gatebench.training.data_module import SplitsDataModule
from gatebench.training.evaluation import Evaluation
from gatebench.training.learner import Learner
from gatebench.training.lightning_output import interruptible, quiet
from gatebench.training.precision import autocast
from gatebench.training.rank_seeds import seed_generators
from gatebench.training.step_clock import PHASES, Measured, ProductClock, StepClock
from gatebench.training.trainer import check_device, make_trainer
from gatebench.trial import Trial

STEPS, WARM_STEPS = 25, 5
"""The number of training steps, and of those at the beginning that do not count."""

PRODUCT_STEPS = 3
"""The number of steps in which the matrix products are timed."""


@dataclass(frozen=True)
class TrialTimes:
    """The times of a trial, in seconds.

    Attributes:
        load: reading the data.
        step: {phase of `gatebench.training.step_clock.PHASES`: median over training steps}.
        products: the share of a step in torch's matrix products, outside of compiled layers; None on a GPU.
        steps: the number of training steps of an epoch.
        validation: a pass over the validation part without gates.
        gates: the time that the gates add to it; 0 if the network has none.
        backends: the backends of the recurrent layers.
    """

    load: float
    step: Mapping[str, float]
    products: float | None
    steps: int
    validation: float
    gates: float
    backends: tuple[str, ...]

    @property
    def epoch(self) -> float:
        """An epoch: all training steps, and the validation with gates."""
        return self.steps * sum(self.step.values()) + self.validation + self.gates


def trial_times(trial: Trial, home: Path, data_root: Path | None) -> TrialTimes:
    """Measure a trial on this process, in some training steps and two passes over the validation part.

    Of a stream of experiences, the first one is measured.

    Args:
        trial: the trial.
        home: the home, with the caches of data.
        data_root: the data root; None if the task needs no files.

    Raises:
        UserError: the data are wrong.
        Refusal: the trial needs several devices, or the training part has too few batches.
    """
    if trial.training.ranks > 1:
        raise Refusal("training.devices and training.nodes must be 1, because one process is measured.")
    check_device(trial.training.device)
    allocator.keep_memory()
    torch.manual_seed(trial.seed)
    began = time.perf_counter()
    loaded = trial.build_task().load(data_root or Path(), home / "cache")
    load = time.perf_counter() - began
    check_compile(trial.training, loaded)
    learner = Learner(trial, loaded)
    seed_generators(learner, trial.seed, 0)
    problem = loaded.experiences[0] if isinstance(loaded, Stream) else loaded
    saver = TrialSaver(learner, [problem], Control())
    data = SplitsDataModule(problem, trial.training.batch_size, trial.seed, device=trial.training.device)
    phases = _phases(learner, saver, data)
    learner.to(torch.device(trial.training.device))
    products = None if learner.device.type == "cuda" else _product_share(learner, data.train)
    _pass(learner, data, 1, with_gates=True)  # loads what the first pass would load
    plain, traced = (_pass(learner, data, None, with_gates=on) for on in (False, True))
    backends = learner.network.backends_used
    return TrialTimes(load, phases, products, len(data.train), plain, max(traced - plain, 0.0), backends)


def _phases(learner: Learner, saver: TrialSaver, data: SplitsDataModule) -> dict[str, float]:
    """Return the median time of each phase of a training step under Lightning."""
    network = learner.network
    layers: dict[str, nn.Module] = {**network.stacks}
    if network.architecture is not None:
        layers["architecture"] = network.architecture
    with quiet(), interruptible(), suppress(Measured):
        trainer = make_trainer(learner.trial, learner.metric, lambda _: None, saver)
        clock = StepClock(layers, trainer.strategy.root_device, STEPS)
        trainer.callbacks.append(clock)  # type: ignore[attr-defined]
        trainer.fit(learner, datamodule=data)
    steps = clock.steps[WARM_STEPS:] or clock.steps
    if not steps:
        raise Refusal("The training part has one batch; at least two are needed to measure a step.")
    return {phase: median(step[phase] for step in steps) for phase in PHASES}


def _product_share(learner: Learner, batches: Batches) -> float:
    """Return the share of torch's matrix products in the time of forward, backward and optimiser."""
    learner.train()
    optimizer = learner.make_optimizer(learner.parameters())
    batches.start_at(0)
    with ProductClock() as clock:
        began = time.perf_counter()
        for number, batch in enumerate(islice(batches, PRODUCT_STEPS)):
            with autocast(learner.trial.training):
                loss = learner.training_step(batch, number)
            loss.backward()  # type: ignore[no-untyped-call]
            learner.on_after_backward()
            nn.utils.clip_grad_norm_(learner.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad()
        seconds = time.perf_counter() - began
    return float(clock.seconds / seconds)


def _pass(learner: Learner, data: SplitsDataModule, limit: int | None, *, with_gates: bool) -> float:
    """Return the seconds of a pass over the validation part, or over its first batches."""
    learner.eval()
    recorder = learner.recorder if with_gates and learner.record_gates else None
    evaluation = Evaluation(learner.problem, recorder)
    began = time.perf_counter()
    with torch.no_grad(), autocast(learner.trial.training):
        for batch in islice(data.val, limit):
            evaluation.add(learner.network, data.transfer_batch_to_device(batch, learner.device, 0))
    evaluation.scores()
    return time.perf_counter() - began
