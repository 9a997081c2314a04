"""The state of a running trial: everything that its later steps and its outcome depend on."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from torch import Tensor

from gatebench.backends.names import NO_BACKEND, backend_names
from gatebench.measures.gate_sums import TraceSums
from gatebench.task import Problem
from gatebench.training.batches import Batches
from gatebench.training.checkpoint import gate_state, optimizer_state, random_state, schema
from gatebench.training.checkpoint.content import damaged, pack, unpack
from gatebench.training.checkpoint.position import Position
from gatebench.training.epochs import best_epoch
from gatebench.training.learner import Learner
from gatebench.training.schedule import ScheduleState
from gatebench.training_settings import CONSTANT


@dataclass(frozen=True)
class PastEpoch:
    """A complete epoch.

    Attributes:
        metrics: its metrics by name, as in `Learner.history`.
        when: the time at which it ended, in seconds since 1970.
    """

    metrics: Mapping[str, float]
    when: float


@dataclass(frozen=True)
class EarlyStop:
    """The counters of early stopping.

    Attributes:
        waited: the number of epochs since the best score.
        best_score: the best score so far, a float32; the worst infinity before the first epoch.
    """

    waited: int
    best_score: float


@dataclass(frozen=True)
class RankState:
    """The part of the state that each rank has for itself.

    Attributes:
        losses: the losses of the steps of the epoch that has begun, (steps,).
        random: the states of the generators, by the names of `random_state`.
        carried: the memory of the recurrent layers after the last step, (L, B, H) each, from which the next batch
            continues; empty if the task carries no state, or no step of an epoch is done.
    """

    losses: Tensor
    random: Mapping[str, Tensor]
    carried: tuple[Tensor, ...] = ()

    def tensors(self) -> dict[str, Tensor]:
        """Return all tensors by name."""
        carried = {f"carried/{number}": value for number, value in enumerate(self.carried)}
        return {"losses": self.losses, **self.random, **carried}


@dataclass(frozen=True)
class TrialState:
    """The state of a running trial.

    Attributes:
        position: the position in the trial.
        epochs: the complete epochs of each experience that has begun.
        matrix: the scores on all experiences after each complete experience; empty without experiences.
        seconds: the time so far, as in the outcome's metric "seconds".
        waited: the part of it that was spent on gathering batches.
        early_stop: the counters of early stopping; None if the training on the experience is over.
        backends: `Recurrent.backends_used`.
        gate_backends: `Recurrent.gate_backends_used`.
        weights: the weights.
        best_weights: the weights of the experience's best epoch; None before it.
        best_gates: the sums of the gates over the validation of the best epoch; None if they are not recorded.
        schedule: the state of the schedule of the learning rate; None without a schedule, and if the training is over.
        optimizer: the state of the optimiser; empty before the first step, and if the training is over.
        ranks: the states of the ranks by their numbers. A state that is read has only the one of this process.
        callbacks: {name: state} of the trial's callbacks.
        rates: the learning rates of the optimiser, which callbacks may have changed; empty without callbacks.
    """

    position: Position
    epochs: Sequence[Sequence[PastEpoch]]
    matrix: Sequence[Sequence[float]]
    seconds: float
    waited: float
    early_stop: EarlyStop | None
    backends: tuple[str, ...]
    gate_backends: tuple[str, ...]
    weights: Mapping[str, Tensor]
    best_weights: Mapping[str, Tensor] | None
    best_gates: TraceSums | None
    schedule: ScheduleState | None
    optimizer: optimizer_state.State
    ranks: Mapping[int, RankState]
    callbacks: Mapping[str, Any] = field(default_factory=dict)
    rates: tuple[float, ...] = ()

    def to_bytes(self, digest: str) -> bytes:
        """Return the content of a checkpoint.

        Args:
            digest: the digest of the trial.
        """
        values = {
            "position": asdict(self.position),
            "epochs": [[[dict(one.metrics), one.when] for one in epochs] for epochs in self.epochs],
            "matrix": [list(row) for row in self.matrix],
            "seconds": self.seconds,
            "waited": self.waited,
            "early_stop": self.early_stop and asdict(self.early_stop),
            "backends": self.backends,
            "gate_backends": self.gate_backends,
            "best_gates": self.best_gates and gate_state.values_of(self.best_gates),
            "schedule": self.schedule and asdict(self.schedule),
        }
        if self.callbacks:
            values |= {"callbacks": dict(self.callbacks), "rates": list(self.rates)}
        tensors = {
            **{f"weights/{name}": value for name, value in self.weights.items()},
            **{f"best/{name}": value for name, value in (self.best_weights or {}).items()},
            **(gate_state.tensors_of(self.best_gates) if self.best_gates else {}),
            **optimizer_state.optimizer_tensors(self.optimizer),
        }
        for rank, state in self.ranks.items():
            tensors |= {f"ranks/{rank}/{name}": one for name, one in state.tensors().items()}
        return pack(digest, values, tensors)


def read_state(content: bytes, learner: Learner, problems: Sequence[Problem]) -> TrialState:
    """Return the state in a checkpoint of a trial. Every value and every tensor is checked.

    Args:
        content: the content of the checkpoint, from any source.
        learner: the learner of the trial, as it is before the first step.
        problems: the experiences; the problem alone if the task has none.

    Raises:
        UserError: the content does not fit the trial.
    """
    values, tensors = unpack(content, learner.trial.digest)
    position = _position(schema.entry(values, "position"), learner, problems)
    epochs = _epochs(schema.entry(values, "epochs"), position, learner)
    best = best_epoch([one.metrics for one in epochs[-1]], learner.metric)
    if position.trained and best is None:
        raise damaged("the training is over without a best epoch")
    like = {name: one.detach() for name, one in learner.state_dict().items()}
    backends, gate_backends = (
        schema.names(schema.entry(values, name), name, (*backend_names(), NO_BACKEND))
        for name in ("backends", "gate_backends")
    )
    parameters, make = list(learner.parameters()), learner.make_optimizer
    rank = learner.group.ranks.rank
    return TrialState(
        position=position,
        epochs=epochs,
        matrix=_matrix(schema.entry(values, "matrix"), position.experience, len(problems)),
        seconds=schema.seconds(schema.entry(values, "seconds"), "seconds"),
        waited=schema.seconds(schema.entry(values, "waited"), "waited"),
        early_stop=_early_stop(schema.entry(values, "early_stop"), position, learner),
        backends=backends,
        gate_backends=gate_backends,
        weights=schema.part(tensors, "weights", like),
        best_weights=None if best is None else schema.part(tensors, "best", like),
        best_gates=_best_gates(schema.entry(values, "best_gates"), tensors, learner),
        schedule=_schedule(schema.entry(values, "schedule"), position, learner),
        optimizer={} if position.trained else optimizer_state.optimizer_state(tensors, parameters, make),
        callbacks=_callbacks(values.get("callbacks", {}), learner),
        rates=tuple(
            float(schema.number(one, "a learning rate")) for one in schema.items(values.get("rates", []), "rates")
        ),
        ranks={rank: _rank_state(tensors, f"ranks/{rank}/", position, learner, problems[position.experience])},
    )


def _position(value: Any, learner: Learner, problems: Sequence[Problem]) -> Position:
    if not isinstance(value, dict):
        raise damaged("its position is no object")
    settings = learner.trial.training
    experience = schema.whole(schema.entry(value, "experience"), "experience", 0, len(problems) - 1)
    trained = schema.flag(schema.entry(value, "trained"), "trained")
    problem = problems[experience]
    batches = 0 if trained else len(Batches(problem.train, settings.batch_size, None, is_text=problem.carries_state))
    last = settings.max_epochs if trained else settings.max_epochs - 1
    epoch = schema.whole(schema.entry(value, "epoch"), "epoch", 0, last)
    return Position(experience, epoch, schema.whole(schema.entry(value, "steps"), "steps", 0, batches), trained)


def _epochs(value: Any, position: Position, learner: Learner) -> list[list[PastEpoch]]:
    experiences = schema.items(value, "the list of experiences", position.experience + 1)
    epochs = [[_epoch(one, learner) for one in schema.items(found, "the list of epochs")] for found in experiences]
    if len(epochs[-1]) != position.epoch or not all(epochs[:-1]):
        raise damaged("its epochs do not match its position")
    return epochs


def _epoch(value: Any, learner: Learner) -> PastEpoch:
    metrics, when = schema.items(value, "an epoch", 2)
    found = schema.numbers_by_name(metrics, "the metrics of an epoch")
    for name in ("train/loss", f"val/{learner.metric.name}"):
        schema.entry(found, name)
    return PastEpoch(found, schema.seconds(when, "the time of an epoch"))


def _matrix(value: Any, rows: int, columns: int) -> list[list[float]]:
    found = [schema.items(row, "a row of the matrix", columns) for row in schema.items(value, "the matrix", rows)]
    return [[schema.number(one, "a score of the matrix") for one in row] for row in found]


def _callbacks(value: Any, learner: Learner) -> dict[str, Any]:
    """Return the states of the callbacks, which are plain data."""
    if not isinstance(value, dict) or value.keys() != learner.further_callbacks.keys():
        raise damaged("it has the states of other callbacks")
    return value


def _early_stop(value: Any, position: Position, learner: Learner) -> EarlyStop | None:
    if position.trained:
        return None
    if not isinstance(value, dict):
        raise damaged("the counters of early stopping are no object")
    waited = schema.whole(schema.entry(value, "waited"), "waited", 0, learner.trial.training.max_epochs)
    return EarlyStop(waited, float(schema.number(schema.entry(value, "best_score"), "best_score")))


def _schedule(value: Any, position: Position, learner: Learner) -> ScheduleState | None:
    """Return the state of the schedule. A trial without a schedule has none, and one between two trainings has none."""
    if value is None:
        settings = learner.trial.training
        is_running = not position.trained and (position.epoch or position.steps)
        if is_running and (settings.schedule != CONSTANT or settings.warmup_steps):
            raise damaged("the state of the schedule is missing")
        return None
    if not isinstance(value, dict):
        raise damaged("the state of the schedule is no object")
    names = ("steps", "epochs", "waited")
    steps, epochs, waited = (schema.whole(schema.entry(value, name), name, 0, 2**62) for name in names)
    rate, best = (float(schema.number(schema.entry(value, name), name)) for name in ("rate", "best"))
    return ScheduleState(rate, steps, epochs, best, waited)


def _best_gates(value: Any, tensors: Mapping[str, Tensor], learner: Learner) -> TraceSums | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise damaged("the gates of the best epoch are no object")
    gates = [role.gate for role in learner.roles]
    units = [
        stack.directions * stack.hidden_size
        for stack in learner.network.stacks.values()
        for _ in range(stack.num_layers)
    ]
    return gate_state.gate_sums(value, tensors, gates=gates, units=units)


def _rank_state(
    tensors: Mapping[str, Tensor], prefix: str, position: Position, learner: Learner, problem: Problem
) -> RankState:
    own = {name.removeprefix(prefix): one for name, one in tensors.items() if name.startswith(prefix)}
    random = {name: one for name, one in own.items() if name.startswith("random/")}
    random_state.check_random_states(learner, random)
    dtype = next(learner.parameters()).dtype
    like = torch.empty(position.steps, dtype=dtype, device="meta")
    carried = _carried_state(own, position, learner, problem)
    return RankState(schema.tensor_like(own, "losses", like), random, carried)


def _carried_state(
    own: Mapping[str, Tensor], position: Position, learner: Learner, problem: Problem
) -> tuple[Tensor, ...]:
    """Return the memory after the last step for the streams of this rank; empty if no step of the epoch is done."""
    if not problem.carries_state or not position.steps:
        return ()
    settings = learner.trial.training
    batches = Batches(problem.train, settings.batch_size, None, learner.group.ranks, is_text=True)
    if not (streams := batches.examples(position.steps - 1)):
        return ()
    recurrent = learner.network.recurrent
    shape = (recurrent.num_layers * recurrent.directions, streams, recurrent.hidden_size)
    like = torch.empty(shape, dtype=next(learner.parameters()).dtype, device="meta")
    return tuple(schema.tensor_like(own, f"carried/{number}", like) for number in range(len(recurrent.cell.memory)))
