"""The articles of a task in the form in which summaries are scored. S sentences of an article, B batch."""

from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from statistics import fmean

import torch
from torch import Tensor
from torch.nn import functional

from gatebench.task import Batch
from tasks.blocks.shuffling import permutation
from tasks.blocks.valid_steps import values_within
from tasks.text.articles import Article
from tasks.text.extracts import Sentence, choose, joined, oracle_sentences
from tasks.text.parallel_text import target_lengths
from tasks.text.rouge_scores import ngram_f1
from tasks.text.sentences import rouge_words

Ranking = Callable[[int], Sequence[int]]
"""Maps the number of an article to its sentences, the best one first."""


class ExtractTable:
    """Articles, and the length of their summaries.

    The target of a sentence is 2 (n + 1) + l, where n is the number of the sentence among those of all articles, and l
    is 1 if the oracle chooses it. 0 is padding. So a batch knows its articles.

    Args:
        articles: the articles of all parts.
        share: the words of a summary as a share of those of the article; None: the mean over some articles.
        measured: the number of articles, from the first, over which the mean is taken.

    Attributes:
        articles: as in the arguments.
        share: the share.
        sentences: the words of the sentences of each article.
        references: the words of each right summary.
        chosen: the sentences that the oracle chooses for each article.
    """

    def __init__(self, articles: Sequence[Article], share: float | None, measured: int) -> None:
        self.articles = articles
        self.sentences = [tuple(map(rouge_words, article.sentences)) for article in articles]
        self.references = [rouge_words(article.summary) for article in articles]
        self._lengths = [[len(sentence) for sentence in article] for article in self.sentences]
        self.share = share or fmean(
            len(reference) / sum(lengths)
            for reference, lengths in zip(self.references[:measured], self._lengths[:measured], strict=True)
        )
        self.chosen = [
            oracle_sentences(sentences, reference)
            for sentences, reference in zip(self.sentences, self.references, strict=True)
        ]
        counts = [len(sentences) for sentences in self.sentences]
        self._first = [0, *accumulate(counts)]
        self._article_of = [number for number, count in enumerate(counts) for _ in range(count)]

    def targets(self, article: int, count: int) -> list[int]:
        """Return the targets of the first `count` sentences of an article."""
        chosen = set(self.chosen[article])
        return [2 * (self._first[article] + place + 1) + (place in chosen) for place in range(count)]

    def extract(self, article: int, order: Sequence[int]) -> list[int]:
        """Return the sentences of a summary of the wanted length, in ascending order.

        Args:
            article: the number of the article.
            order: its sentences, the best one first.
        """
        lengths = self._lengths[article]
        return choose(order, lengths, self.share * sum(lengths))

    def words(self, article: int, order: Sequence[int]) -> Sentence:
        """Return the words of the summary of `extract`."""
        return joined(self.sentences[article], self.extract(article, order))

    def text(self, article: int, order: Sequence[int]) -> str:
        """Return the text of the summary of `extract`, a sentence a line."""
        sentences = self.articles[article].sentences
        return "\n".join(sentences[place] for place in self.extract(article, order))

    def orders(self, logits: Tensor, batch: Batch) -> list[tuple[int, list[int]]]:
        """Return the number of each article of a batch, and its sentences, that with the largest logit (S, B) first."""
        found = []
        for targets, values in zip(batch.y.T.tolist(), logits.detach().T.tolist(), strict=True):
            article = self._article_of[targets[0] // 2 - 1]
            count = sum(target > 0 for target in targets)
            found.append((article, sorted(range(count), key=values.__getitem__, reverse=True)))
        return found

    def tally(self, logits: Tensor, batch: Batch) -> dict[str, Tensor]:
        """Return sums over the batch: the number of articles, and the scores of the summaries by the logits (S, B)."""
        orders = self.orders(logits, batch)
        summaries = [(self.words(*one), self.references[one[0]]) for one in orders]
        sums = {f"rouge{n}": sum(ngram_f1(*pair, n) for pair in summaries) for n in (1, 2)}
        return {
            "articles": torch.tensor(len(orders)),
            **{name: torch.tensor(value, dtype=torch.float64) for name, value in sums.items()},
        }

    def rouge2(self, articles: Sequence[int], ranking: Ranking) -> float:
        """Return the mean ROUGE-2 of the summaries of some articles."""
        return fmean(ngram_f1(self.words(n, ranking(n)), self.references[n], 2) for n in articles)

    def lead(self, article: int) -> Sequence[int]:
        """Return the sentences of an article in their order."""
        return range(len(self.sentences[article]))

    def drawn(self, article: int) -> Sequence[int]:
        """Return the sentences of an article in a random order, which depends on its number only."""
        return permutation(len(self.sentences[article]), article)

    def oracle(self, article: int) -> Sequence[int]:
        """Return the sentences that the oracle chooses, and then the others in their order."""
        chosen = self.chosen[article]
        return [*chosen, *(place for place in self.lead(article) if place not in chosen)]


def sentence_loss(logits: Tensor, batch: Batch) -> Tensor:
    """Return the mean binary cross-entropy, in nats a sentence, of logits (S, B)."""
    chosen, targets = values_within(target_lengths(batch), logits, batch.y)
    return functional.binary_cross_entropy_with_logits(chosen, (targets % 2).to(logits.dtype))


def sentence_count(batch: Batch) -> float:
    """Return the number of sentences in the mean of `sentence_loss`."""
    return float(target_lengths(batch).sum())


def mean_scores(totals: Mapping[str, float]) -> dict[str, float]:
    """Return the mean ROUGE-2 and ROUGE-1 over the articles."""
    return {name: totals[name] / totals["articles"] for name in ("rouge2", "rouge1")}
