"""The network that is trained: a task's encoder, recurrent layers, and the task's head."""

import math
from functools import partial
from typing import cast

from torch import Generator, Tensor, nn

from gatebench.backends.names import NO_BACKEND
from gatebench.errors import Refusal, UserError
from gatebench.nn.architecture_layers import architecture_layers
from gatebench.nn.batch_draws import BatchDraws
from gatebench.nn.low_precision import raised
from gatebench.nn.masks import Dropout
from gatebench.nn.recurrent import Recurrent, State
from gatebench.nn.recurrent_parts import RecordedGates, RecurrentPart, RecurrentParts, recording
from gatebench.nn.sequence_dropout import SequenceDropout
from gatebench.spec.architecture import Architecture
from gatebench.spec.cell import Cell
from gatebench.spec.initial_rules import network_rules
from gatebench.task import Batch, Problem, ScoringModule
from gatebench.trial import Trial

_DRAWS_SEED = 2**41
"""A number that is added to the seed of a trial, so that noise and initial weights are drawn independently."""

_EMBEDDING_SEED = 2**42
"""The same for the weights of the embedding."""


class Network(nn.Module):
    """encoder → embedding, if the trial has one → recurrent layers → dropout → head; or encoder → body of the task.

    An architecture that is no cell has its layers in place of the recurrent layers.

    The head is initialised before the recurrent layers, from torch's global generator. The recurrent layers are
    initialised from their own generator, and the embedding too. So two cells with the same seed have the same head.

    Args:
        problem: the loaded task, with the encoder and the head.
        trial: the trial, with the cell, the sizes of the network, the backend and the seed.

    Attributes:
        parts: the recurrent parts of the task's body.
        architecture: the layers of an architecture that is no cell; None for a cell.
        draws: the source of noise and of dropout masks that are drawn once for each sequence or batch. It has a
            generator of its own if the trial uses it.
        carried: the states after the last batch, from which a batch that continues it starts, without a gradient; that
            of training mode under True, and that of evaluation under False. Empty if the task carries no state.
    """

    def __init__(self, problem: Problem, trial: Trial) -> None:
        super().__init__()
        model = trial.model
        self.parts: list[RecurrentPart] = []
        self.carries_state, self.carried = problem.carries_state, dict[bool, tuple[Tensor, ...]]()
        self.reads_scores = problem.reads_scores
        self.encoder = problem.encoder
        self.body: nn.Module | None = None
        self.architecture: nn.Module | None = None
        compared = trial.build_compared()
        self.dropout = Dropout(model.dropout)
        self.input_noise = trial.training.input_noise
        self.draws = BatchDraws(trial.seed + _DRAWS_SEED if _needs_draws(trial) else None)
        if isinstance(compared, Architecture):
            _check_standard_network(compared, trial, problem)
        if problem.body is not None:
            _check_single_stack(trial)
            parts = RecurrentParts(
                partial(_layers, trial, problem.steps, self.draws, Generator().manual_seed(trial.seed)),
                model.hidden_size,
                model.dropout,
                2 if model.bidirectional else 1,
            )
            self.body = problem.body(parts)
            self.parts = list(parts.parts.values())
            return
        if model.embed_input:
            self.encoder = nn.Sequential(problem.encoder, embedding(problem.input_size, model.hidden_size, trial.seed))
        self.head = problem.head(model.hidden_size, 2 if model.bidirectional else 1)
        generator = Generator().manual_seed(trial.seed)
        inputs = model.first_width(problem.input_size)
        if isinstance(compared, Architecture):
            self.architecture = architecture_layers(
                compared,
                inputs,
                model.hidden_size,
                model.num_layers,
                2 if model.bidirectional else 1,
                steps=problem.steps,
                dropout=model.dropout,
                generator=generator,
            )
            return
        self.recurrent = _layers(trial, problem.steps, self.draws, generator, inputs, model.bidirectional)

    @property
    def stacks(self) -> dict[str, Recurrent]:
        """The recurrent layers of each part by its name; those of a network with one part have the name "".

        An architecture that is no cell has none.
        """
        if self.architecture is not None:
            return {}
        if self.body is None:
            return {"": self.recurrent}
        return {part.name: part.recurrent for part in self.parts}

    @property
    def cell(self) -> Cell | None:
        """The cell of all recurrent layers; None for an architecture that is no cell."""
        return next((stack.cell for stack in self.stacks.values()), None)

    @property
    def num_layers(self) -> int:
        """The number of recurrent layers of all parts. They are numbered together, in the order of the parts."""
        return sum(stack.num_layers for stack in self.stacks.values())

    @property
    def backends_used(self) -> tuple[str, ...]:
        """The names of the backends of the last pass, each once; "torch" for an architecture that is no cell."""
        if self.architecture is not None:
            return (NO_BACKEND,)
        return tuple(dict.fromkeys(name for stack in self.stacks.values() for name in stack.backends_used))

    @property
    def gate_backends_used(self) -> tuple[str, ...]:
        """The names of the backends that computed the gates of the last pass, each once."""
        return tuple(dict.fromkeys(name for stack in self.stacks.values() for name in stack.gate_backends_used))

    def set_backends_used(self, backends: tuple[str, ...], gate_backends: tuple[str, ...]) -> None:
        """Take the names of the backends of a pass that ran before the trial was interrupted."""
        for stack in self.stacks.values():
            stack.backends_used, stack.gate_backends_used = backends, gate_backends

    def forward(self, batch: Batch, *, for_loss: bool = False) -> Tensor:
        """Return the logits for a batch.

        Args:
            batch: the batch.
            for_loss: whether to return what the loss and the tally of the task read. For most tasks it is the same.
        """
        x = self._noisy(self.encoder(batch.x))
        if self.body is not None:
            return self._body_output(x, batch, for_loss)
        if self.architecture is not None:
            output = self.architecture(x, batch.lengths)
        else:
            output, state = self.recurrent(x, self._state_before(batch), batch.lengths)
            self._carry(state)
        return self.head_output(self._dropped(output), batch, for_loss=for_loss)

    def forward_with_gates(self, batch: Batch, *, for_loss: bool = False) -> tuple[Tensor, list[RecordedGates]]:
        """Return the same logits as `forward`, bit for bit, and the values of all gates by layer and gate.

        Args:
            batch: as in `forward`.
            for_loss: as in `forward`.

        Raises:
            UserError: the network has an architecture that is no cell.
        """
        if self.architecture is not None:
            raise UserError("This network is not made of cells, so it has no gates.")
        x = self._noisy(self.encoder(batch.x))
        if self.body is not None:
            with recording(self.parts) as recorded:
                found = self._body_output(x, batch, for_loss)
            return found, recorded
        output, state, trace = self.recurrent.forward_with_gates(x, self._state_before(batch), batch.lengths)
        self._carry(state)
        found = self.head_output(self._dropped(output), batch, for_loss=for_loss)
        return found, [RecordedGates(trace, batch.lengths)]

    def head_output(self, output: Tensor, batch: Batch, *, for_loss: bool) -> Tensor:
        """Return the output of the head, in float32 if autocast is on.

        Args:
            output: the recurrent output (T, B, D · H).
            batch: as in `forward`.
            for_loss: as in `forward`.
        """
        if for_loss and self.reads_scores:
            return raised(cast("ScoringModule", self.head).scored(output, batch))
        logits: Tensor = self.head(output, batch.lengths)
        return raised(logits)

    def _body_output(self, x: Tensor, batch: Batch, for_loss: bool) -> Tensor:
        """Return the output of the body for the output of the encoder."""
        assert self.body is not None
        if for_loss and self.reads_scores:
            return raised(cast("ScoringModule", self.body).scored(x, batch))
        logits: Tensor = self.body(x, batch)
        return raised(logits)

    def _state_before(self, batch: Batch) -> State | None:
        """Return the state with which a batch starts: that after the batch before it, or None for the initial one.

        The sequences of a batch are the first ones of the batch before it, if some have ended.
        """
        if not batch.continues:
            return None
        return tuple(part[:, : batch.x.shape[1]].contiguous() for part in self.carried[self.training])

    def _carry(self, state: State) -> None:
        """Keep the state after a batch, without its gradient."""
        if self.carries_state:
            parts = (state,) if isinstance(state, Tensor) else state
            self.carried[self.training] = tuple(part.detach() for part in parts)

    def _dropped(self, output: Tensor) -> Tensor:
        """Return the input (T, B, D · H) of the head, with dropout in training mode."""
        probability = 0.0 if self.architecture is not None else self.recurrent.sequence_dropout.inputs
        if self.training and probability:
            return output * self.draws.example_mask(output, output.shape[-1], probability)
        dropped: Tensor = self.dropout(output)
        return dropped

    def _noisy(self, x: Tensor) -> Tensor:
        """Return the input (T, B, I) of the first recurrent layer, with noise in training mode."""
        return x + self.draws.noise(x, self.input_noise) if self.training and self.input_noise else x


def embedding(inputs: int, hidden_size: int, seed: int) -> nn.Linear:
    """Return the linear map E x + e of the input at each step, of size H, with weights and biases in ±1/√I.

    Args:
        inputs: I, the output size of the task's encoder.
        hidden_size: H.
        seed: the seed of the trial.
    """
    # A layer on the meta device draws nothing from the global generator.
    layer = nn.Linear(inputs, hidden_size, device="meta").to_empty(device="cpu")
    generator, bound = Generator().manual_seed(seed + _EMBEDDING_SEED), 1 / math.sqrt(inputs)
    for weight in (layer.weight, layer.bias):
        nn.init.uniform_(weight, -bound, bound, generator=generator)
    return layer


def _layers(
    trial: Trial, steps: int, draws: BatchDraws, generator: Generator, input_size: int, bidirectional: bool
) -> Recurrent:
    """Return recurrent layers with the settings of a trial.

    Args:
        trial: the trial.
        steps: the largest number of steps T.
        draws: the source of noise and masks.
        generator: the source of the initial weights.
        input_size: I.
        bidirectional: whether each layer has two directions.
    """
    model = trial.model
    return Recurrent(
        trial.build_cell(),
        input_size,
        model.hidden_size,
        model.num_layers,
        bidirectional=bidirectional,
        dropout=model.dropout,
        sequence_dropout=SequenceDropout(model.variational_dropout, model.recurrent_dropout, model.weight_drop),
        truncation=trial.training.tbptt,
        draws=draws,
        backend=trial.training.backend,
        steps=steps,
        initial_weights=network_rules(model.initial_weights, model.initial_scale),
        generator=generator,
    )


def _check_standard_network(architecture: Architecture, trial: Trial, problem: Problem) -> None:
    """Check that the network of a task is an encoder, layers and a head, for an architecture that is no cell.

    Raises:
        Refusal: it has several recurrent parts, or carries the state from one batch to the next.
    """
    task = trial.build_task().name
    if problem.body is not None:
        raise Refusal(
            f"{architecture.name} is not a cell, and the network of {task} has several recurrent parts, which need "
            "one; choose a cell."
        )
    if problem.carries_state:
        raise Refusal(
            f"{architecture.name} is not a cell and has no state, and {task} carries the state from one section of a "
            "text to the next; choose a cell."
        )


def _check_single_stack(trial: Trial) -> None:
    """Check that no setting is on that has a meaning for one stack of recurrent layers only.

    Raises:
        Refusal: one is.
    """
    settings = {"model.embed_input": trial.model.embed_input, "training.tbptt": trial.training.tbptt}
    for name, value in settings.items():
        if value:
            raise Refusal(
                f"{name} is {value}, and the network of {trial.build_task().name} has several recurrent parts; leave "
                "it out."
            )


def _needs_draws(trial: Trial) -> bool:
    """Return whether the training draws noise or masks for whole sequences."""
    model, training = trial.model, trial.training
    masks = (model.variational_dropout, model.recurrent_dropout, model.weight_drop)
    return any((training.weight_noise, training.input_noise, *masks))
