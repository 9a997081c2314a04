"""The network that is trained: a task's encoder, recurrent layers, and the task's head."""

import math

from torch import Generator, Tensor, nn

from gatebench.nn.batch_draws import BatchDraws
from gatebench.nn.recurrent import Recurrent, Trace
from gatebench.nn.sequence_dropout import SequenceDropout
from gatebench.spec.initial_rules import network_rules
from gatebench.task import Batch, Problem
from gatebench.trial import Trial

_DRAWS_SEED = 2**41
"""A number that is added to the seed of a trial, so that noise and initial weights are drawn independently."""

_EMBEDDING_SEED = 2**42
"""The same for the weights of the embedding."""


class Network(nn.Module):
    """encoder → embedding, if the trial has one → recurrent layers → dropout → head.

    The head is initialised before the recurrent layers, from torch's global generator. The recurrent layers are
    initialised from their own generator, and the embedding too. So two cells with the same seed have the same head.

    Args:
        problem: the loaded task, with the encoder and the head.
        trial: the trial, with the cell, the sizes of the network, the backend and the seed.

    Attributes:
        draws: the source of noise and of dropout masks that are drawn once for each sequence or batch. It has a
            generator of its own if the trial uses it.
    """

    def __init__(self, problem: Problem, trial: Trial) -> None:
        super().__init__()
        model = trial.model
        self.encoder = problem.encoder
        if model.embed_input:
            self.encoder = nn.Sequential(problem.encoder, embedding(problem.input_size, model.hidden_size, trial.seed))
        self.head = problem.head(model.hidden_size, 2 if model.bidirectional else 1)
        self.dropout = nn.Dropout(model.dropout)
        self.input_noise = trial.training.input_noise
        self.draws = BatchDraws(trial.seed + _DRAWS_SEED if _needs_draws(trial) else None)
        self.recurrent = Recurrent(
            trial.build_cell(),
            model.first_width(problem.input_size),
            model.hidden_size,
            model.num_layers,
            bidirectional=model.bidirectional,
            dropout=model.dropout,
            sequence_dropout=SequenceDropout(model.variational_dropout, model.recurrent_dropout, model.weight_drop),
            truncation=trial.training.tbptt,
            draws=self.draws,
            backend=trial.training.backend,
            steps=problem.steps,
            initial_weights=network_rules(model.initial_weights, model.initial_scale),
            generator=Generator().manual_seed(trial.seed),
        )

    def forward(self, batch: Batch) -> Tensor:
        """Return the head's logits for a batch."""
        output, _ = self.recurrent(self._noisy(self.encoder(batch.x)), lengths=batch.lengths)
        logits: Tensor = self.head(self._dropped(output), batch.lengths)
        return logits

    def forward_with_gates(self, batch: Batch) -> tuple[Tensor, Trace]:
        """Return the same logits as `forward`, bit for bit, and the values of all gates by layer and gate."""
        x = self._noisy(self.encoder(batch.x))
        output, _, trace = self.recurrent.forward_with_gates(x, lengths=batch.lengths)
        logits: Tensor = self.head(self._dropped(output), batch.lengths)
        return logits, trace

    def _dropped(self, output: Tensor) -> Tensor:
        """Return the input (T, B, D · H) of the head, with dropout in training mode."""
        probability = self.recurrent.sequence_dropout.inputs
        if self.training and probability:
            return output * self.draws.example_mask(output, output.shape[-1], probability)
        dropped: Tensor = self.dropout(output)
        return dropped

    def _noisy(self, x: Tensor) -> Tensor:
        """Return the input (T, B, I) of the first recurrent layer, with noise in training mode."""
        return x + self.draws.noise(x, self.input_noise) if self.training and self.input_noise else x


def embedding(inputs: int, hidden_size: int, seed: int) -> nn.Linear:
    """Return the linear map x ↦ E x + e of the input at each step, of size H, with weights and biases in ±1/√I.

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


def _needs_draws(trial: Trial) -> bool:
    """Return whether the training draws noise or masks for whole sequences."""
    model, training = trial.model, trial.training
    masks = (model.variational_dropout, model.recurrent_dropout, model.weight_drop)
    return any((training.weight_noise, training.input_noise, *masks))
