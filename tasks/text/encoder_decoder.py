"""A network that reads one sequence of tokens and writes another one: two recurrent parts with the same cell.

T source steps, U target steps, B batch, I input, H hidden, V target vocabulary.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from gatebench.task import Batch, Parts
from tasks.blocks.valid_steps import places_within
from tasks.text.attention import make_attention
from tasks.text.chunked_cross_entropy import scored_tokens
from tasks.text.parallel_text import target_lengths

PAD, BEGIN, END = 0, 1, 2
"""The numbers of the padding, and of the begin and the end of a target sequence."""

State = Tensor | tuple[Tensor, ...]


class Source(NamedTuple):
    """What the decoder knows of the source.

    Attributes:
        memory: the outputs of the encoder, (T, B, D · H).
        valid: whether each step is no padding, (T, B).
        state: the memory of the decoder before its first step, (L, B, H) each.
    """

    memory: Tensor
    valid: Tensor
    state: State


class EncoderDecoder(nn.Module):
    """encoder → last state → decoder → attention → dropout → a linear layer (Sutskever et al. 2014).

    The decoder starts with the last state of the encoder's forward direction, and reads the right token before each
    step (teacher forcing).

    Args:
        parts: makes the recurrent parts "encoder" and "decoder".
        input_size: I, the size of a source embedding.
        symbols: V.
        embedding: the size of a target embedding.
        attention: an item of `tasks.text.attention.KINDS`.
    """

    def __init__(self, parts: Parts, input_size: int, *, symbols: int, embedding: int, attention: str) -> None:
        super().__init__()
        self.directions = parts.directions
        self.embedding = nn.Embedding(symbols, embedding, padding_idx=PAD)
        self.attention = make_attention(attention, parts.directions * parts.hidden_size, parts.hidden_size)
        self.dropout = nn.Dropout(parts.dropout)
        self.linear = nn.Linear(parts.hidden_size, symbols)
        self.encoder = parts.add("encoder", input_size)
        self.decoder = parts.add("decoder", embedding, causal=True)

    def forward(self, x: Tensor, batch: Batch) -> Tensor:
        """Return the logits (U, B, V) of the target tokens `batch.y` (U, B).

        Args:
            x: the source embeddings (T, B, I).
            batch: the lengths of the sources, and the targets, each with `END` and then padding.
        """
        logits: Tensor = self.linear(self._hidden(x, batch))
        return logits

    def scored(self, x: Tensor, batch: Batch) -> Tensor:
        """Return the scores (U, B, 3) of `tasks.text.chunked_cross_entropy.scored_tokens` in place of the logits.

        Args:
            x: as in `forward`.
            batch: as in `forward`.
        """
        places = places_within(target_lengths(batch), len(batch.y), x.device)
        return scored_tokens(self._hidden(x, batch), self.linear, batch.y, places)

    def _hidden(self, x: Tensor, batch: Batch) -> Tensor:
        """Return the input (U, B, H) of the last layer for the target tokens `batch.y`."""
        source = self.read(x, batch.lengths)
        read = torch.cat([torch.full_like(batch.y[:1], BEGIN), batch.y[:-1]])
        hidden, _ = self._written(read, source.state, source, target_lengths(batch))
        return hidden

    def read(self, x: Tensor, lengths: Tensor | None) -> Source:
        """Run the encoder.

        Args:
            x: the source embeddings (T, B, I).
            lengths: the lengths of the sources, (B,); None if all have T.
        """
        memory, state = self.encoder(self.dropout(x), None, lengths)
        steps = torch.arange(len(x))[:, None]
        valid = steps < (torch.full((x.shape[1],), len(x)) if lengths is None else lengths)
        forward = tuple(one[:: self.directions].contiguous() for one in _items(state))
        return Source(memory, valid.to(x.device, non_blocking=True), forward if len(forward) > 1 else forward[0])

    def write(
        self, tokens: Tensor, state: State, source: Source, lengths: Tensor | None = None
    ) -> tuple[Tensor, State]:
        """Run the decoder on some tokens.

        Args:
            tokens: the tokens that it reads, (U, B).
            state: its memory before them.
            source: what it knows of the source.
            lengths: the number of tokens of each sequence, (B,); None if all have U.

        Returns:
            The logits (U, B, V) of the tokens after each of them, and the memory after the last one.
        """
        hidden, state = self._written(tokens, state, source, lengths)
        logits: Tensor = self.linear(hidden)
        return logits, state

    def _written(self, tokens: Tensor, state: State, source: Source, lengths: Tensor | None) -> tuple[Tensor, State]:
        """Return the input (U, B, H) of the last layer for each token, and the memory after the last one."""
        output, state = self.decoder(self.dropout(self.embedding(tokens)), state, lengths)
        return self.dropout(self.attention(output, source.memory, source.valid)), state


def _items(state: State) -> tuple[Tensor, ...]:
    return state if isinstance(state, tuple) else (state,)


def chosen(state: State, indices: Tensor) -> State:
    """Return the memory (L, B, H) of some sequences of a batch."""
    items = tuple(one[:, indices] for one in _items(state))
    return items if len(items) > 1 else items[0]
