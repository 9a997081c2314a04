"""A network that says of each sentence of a text whether a summary has it: two recurrent parts with the same cell.

T words of a text, B batch, I input, H hidden, D directions, N sentences of all texts, S sentences of a text, W words of
a sentence.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from gatebench.device_copies import sent
from gatebench.task import Batch, Parts
from tasks.blocks.pooling import mean_step
from tasks.text.parallel_text import TOKENS

PAD, END, UNKNOWN, FIRST_WORD = 0, 1, 2, 3
"""The numbers of the padding, the end of a sentence, rare words, and the first frequent word."""

GROUPS = 4
"""The number of groups of sentences of similar lengths. They are read one after another, with less padding."""


class Spans(NamedTuple):
    """The sentences of a batch of texts, the longest one first.

    Attributes:
        text: (N,) the text of each sentence.
        place: (N,) its place in the text.
        start: (N,) its first step.
        words: (N,) the number of its steps, with the end.
        counts: (B,) the number of sentences of each text.
    """

    text: Tensor
    place: Tensor
    start: Tensor
    words: Tensor
    counts: Tensor


def sentence_spans(tokens: Tensor) -> Spans:
    """Return the sentences of texts (T, B). Each sentence ends with `END`, and each text has one at least."""
    text, end = (tokens == END).T.nonzero(as_tuple=True)  # in the order of the texts
    numbers = torch.arange(len(text), device=tokens.device)
    is_first = torch.ones_like(text, dtype=torch.bool)
    is_first[1:] = text[1:] != text[:-1]
    start = torch.where(is_first, 0, end.roll(1) + 1)
    place = numbers - torch.where(is_first, numbers, 0).cummax(0).values
    words = end - start + 1
    order = words.argsort(descending=True, stable=True)
    counts = torch.bincount(text, minlength=tokens.shape[1])
    return Spans(text[order], place[order], start[order], words[order], counts)


class SentenceTagger(nn.Module):
    """Words → sentence part → mean over the words → document part → content and salience of each sentence.

    It follows SummaRuNNer (Nallapati, Zhai & Zhou 2017), without its terms for novelty and for absolute positions:
    logit[s] = w · h[s] + b + h[s] · U tanh(V d + c), where h[s] is the output of the document part at sentence s, and d
    is its mean over all sentences of the text.

    Args:
        parts: makes the recurrent parts "sentence" and "document".
        input_size: I, the size of an embedding.
    """

    def __init__(self, parts: Parts, input_size: int) -> None:
        super().__init__()
        width = parts.directions * parts.hidden_size
        self.dropout = nn.Dropout(parts.dropout)
        self.content = nn.Linear(width, 1)
        self.text = nn.Linear(width, width)
        self.salience = nn.Linear(width, width, bias=False)
        self.sentence = parts.add("sentence", input_size)
        self.document = parts.add("document", width)

    def forward(self, x: Tensor, batch: Batch) -> Tensor:
        """Return the logits (S, B) of the sentences; those after the last sentence of a text have no meaning.

        Args:
            x: the embeddings (T, B, I) of the words.
            batch: the words (T, B), in which `END` ends each sentence.
        """
        tokens = batch.on_cpu.get(TOKENS)
        spans = sentence_spans(batch.x.cpu() if tokens is None else tokens)
        text, place, start = sent(torch.stack(spans[:3]), x.device).unbind()
        found = self._sentence_vectors(x, text, start, spans.words)
        sentences = found.new_zeros(int(spans.counts.max()), len(spans.counts), found.shape[-1])
        sentences = sentences.index_put((place, text), found)
        hidden, _ = self.document(self.dropout(sentences), None, spans.counts)
        hidden = self.dropout(hidden)
        text = torch.tanh(self.text(mean_step(hidden, spans.counts)))
        logits: Tensor = self.content(hidden).squeeze(-1) + (hidden * self.salience(text)).sum(-1)
        return logits

    def _sentence_vectors(self, x: Tensor, text: Tensor, start: Tensor, words: Tensor) -> Tensor:
        """Return the mean output (N, D · H) of the sentence part over the words of each sentence.

        Sentences of similar lengths are read together. The longest ones come last, so that their gates are those of the
        last call of the part.

        Args:
            x: the embeddings (T, B, I) of the words.
            text: (N,) the text of each sentence, on the device of x.
            start: (N,) its first step, likewise.
            words: (N,) the number of its steps, on the CPU.
        """
        found: list[Tensor] = []
        groups = zip(*(values.chunk(GROUPS) for values in (text, start, words)), strict=True)
        for own_text, own_start, own_words in reversed(list(groups)):
            read = _words_of(x, own_text, own_start, own_words)
            output, _ = self.sentence(self.dropout(read), None, own_words)
            found.append(mean_step(output, own_words))
        return torch.cat(found[::-1])


def _words_of(x: Tensor, text: Tensor, start: Tensor, words: Tensor) -> Tensor:
    """Return the embeddings (W, n, I) of the words of n sentences; the values after the end of one have no meaning.

    Args:
        x: the embeddings (T, B, I) of all words.
        text: (n,) the text of each sentence, on the device of x.
        start: (n,) its first step, likewise.
        words: (n,) the number of its steps, on the CPU.
    """
    steps = torch.arange(int(words.max()), device=x.device)[:, None]
    step = torch.where(steps < words.to(x.device, non_blocking=True), start + steps, 0)
    places = step * x.shape[1] + text
    return x.flatten(0, 1).index_select(0, places.flatten()).reshape(*places.shape, x.shape[-1])
