"""Summaries that consist of sentences of an article: BBC News Summary, or articles and summaries of the user."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gatebench.errors import UserError, out_of_range
from gatebench.own_input import OwnInput
from gatebench.task import Artifacts, Batch, Example, Metric, Problem, Size, Task, TrainedNetwork, batch_of_one
from gatebench.views import Words
from tasks.blocks.validation import check_flag, check_number, check_whole, make_floats
from tasks.data.own_file import own_name
from tasks.text.articles import (
    ARCHIVE,
    SHA256,
    Article,
    find_published,
    own_digest,
    own_files,
    read_own,
    read_published,
    text_key,
)
from tasks.text.rouge_scores import check_rouge_score, rouge_scores
from tasks.text.sentences import rouge_words, split_sentences

if TYPE_CHECKING:
    from tasks.text.extract_table import ExtractTable, Ranking
    from tasks.text.parallel_text import ParallelSplit

WORD = re.compile(r"\w+|[^\w\s]")
END_SIGN = "¶"
SHOWN_SUMMARIES = 100
"""The largest number of summaries in the file of a run."""

READ_AT_ONCE = 50
TITLE_WORDS = 3
"""The number of words by which a sentence is shown as a step of the document part."""


@dataclass(frozen=True)
class Summaries(Task):
    """Each step reads a word of an article; the network says of each sentence whether the summary has it.

    Attributes:
        path: a folder of the user with the folders "articles" and "summaries", in which a summary has the name of its
            article; None: BBC News Summary.
        has_title: whether the first line of an article is its title, which is neither read nor a part of a summary.
        share: the words of a summary as a share of those of the article; None: the mean of the training part.
        validation: the share of the articles that are the validation part.
        test: the share of the articles that are the test part.
        split_seed: the seed that draws these articles.
        limit: the number of articles that are used, drawn by the same seed; None for all.
        vocabulary: the largest number of words with an embedding of their own: the most frequent ones of the training
            part.
        embedding: I, the size of the embeddings.
        longest: the largest number of words of an article that are read. No sentence after them is chosen.
        longest_sentence: the largest number of words of a sentence that are read.
    """

    title = "Summaries of news that consist of their sentences"
    metrics = (
        Metric("rouge2", "max", low=0, high=1),
        Metric("rouge1", "max", low=0, high=1),
        Metric("rougel", "max", low=0, high=1),
    )
    table_metrics = ("rouge2", "rouge1", "rougel")
    final_metrics = ("rougel",)
    chance = 0.0  # an empty summary; the simple methods have that of random sentences
    protocol = (
        "None is published. The summaries of the 2,225 articles (Greene & Cunningham 2006) were compiled later; they "
        "consist of sentences of the articles, in another order. The parts are drawn by a seed, with about their share "
        "of each topic; articles with the same title, which are versions of one article, are in one part. A summary "
        "has the sentences with the largest logits, in the order of the article, up to the mean share of words of the "
        "training part. All simple methods get the same length. The labels are those of a greedy oracle (Nallapati et "
        "al. 2017). The scores are the F1 scores of the package rouge-score without a stemmer; ROUGE-L is that of the "
        "whole text. ROUGE-2 on the validation part chooses the epoch."
    )
    licence = "CC0 by its compiler, texts of the BBC for research; the user's own text has the user's licence"

    path: str | None = None
    has_title: bool = True
    share: float | None = None
    validation: float = 0.1
    test: float = 0.1
    split_seed: int = 0
    limit: int | None = None
    vocabulary: int = 10_000
    embedding: int = 100
    longest: int = 1500
    longest_sentence: int = 60

    def __post_init__(self) -> None:
        if self.path is not None and not (isinstance(self.path, str) and self.path):
            raise out_of_range("task.path", self.path, "the name of a folder, or null")
        check_flag("has_title", self.has_title)
        if self.share is not None:
            check_number("share", self.share, 0.001, 1)
        for name in ("validation", "test"):
            check_number(name, getattr(self, name), 0.01, 0.45)
        make_floats(self, "share", "validation", "test")
        check_whole("split_seed", self.split_seed, 0)
        if self.limit is not None:
            check_whole("limit", self.limit, 3)
        check_whole("vocabulary", self.vocabulary, 1, 1_000_000)
        check_whole("embedding", self.embedding, 1, 10_000)
        check_whole("longest", self.longest, 1, 1_000_000)
        check_whole("longest_sentence", self.longest_sentence, 1, 10_000)

    def parameters(self) -> dict[str, Any]:
        """Return the fields, with the path reduced to its last part: the folder above does not enter a digest."""
        return {**super().parameters(), "path": self.path and own_name(self.path)}

    def checksums(self) -> Mapping[str, str]:
        """Return the SHA-256 of the archive, or of all files of the user."""
        if self.path is None:
            return {ARCHIVE: SHA256}
        return {own_name(self.path): own_digest(self.path)}

    def size(self) -> Size | None:
        """Return None: the two parts of the network have different numbers of steps."""
        return None

    def check_files(self, root: Path, cache: Path | None = None) -> None:  # noqa: ARG002  (nothing is cached)
        """Check that the files and the package exist."""
        check_rouge_score()
        if self.path is None:
            find_published(root)
        else:
            own_files(self.path)

    def load(self, root: Path, cache: Path | None = None) -> Problem:  # noqa: ARG002  (nothing here is worth a cache)
        """Read the articles, draw the parts, and let the oracle choose the sentences."""
        from torch import nn

        from tasks.blocks.no_head import no_head
        from tasks.text.extract_table import ExtractTable, mean_scores, sentence_count, sentence_loss
        from tasks.text.sentence_tagger import FIRST_WORD, PAD, SentenceTagger

        check_rouge_score()
        parts = self._parts(root)
        table = ExtractTable([article for part in parts for article in part], self.share, len(parts[0]))
        numbers = self._numbers(parts[0])
        ends = [len(parts[0]), len(parts[0]) + len(parts[1]), len(table.articles)]
        places = [range(start, end) for start, end in zip((0, *ends), ends, strict=False)]
        train, val, test = (self._split(table, part, numbers) for part in places)
        return Problem(
            train,
            val,
            test,
            input_size=self.embedding,
            steps=max(split.steps for split in (train, val, test)),
            encoder=nn.Embedding(FIRST_WORD + len(numbers), self.embedding, padding_idx=PAD),
            head=partial(no_head, task="summaries"),
            body=partial(SentenceTagger, input_size=self.embedding),
            loss=sentence_loss,
            tally=table.tally,
            scores=mean_scores,
            baselines=partial(_baselines, table, len(parts[0]), places[2]),
            targets=sentence_count,
            artifacts=partial(_artifacts, test=test, table=table, train=len(parts[0]), articles=places[2]),
        )

    def example(self, problem: Problem, number: int, root: Path, cache: Path | None = None) -> Example:  # noqa: ARG002
        """Return an article of the test part."""
        batch = batch_of_one(problem.test, number)
        return self._example(batch, self._parts(root)[2][number].sentences)

    def own_example(self, problem: Problem, given: OwnInput, root: Path, cache: Path | None = None) -> Example:  # noqa: ARG002
        """Return a text of the user.

        Raises:
            UserError: it is no text, or it has no sentence.
        """
        import torch

        sentences = split_sentences(given.read_text())
        if not sentences:
            raise UserError("Your text has no sentence.")
        tokens, count = self._tokens(sentences, self._numbers(self._parts(root)[0]))
        x = torch.tensor(tokens)[:, None]
        return self._example(Batch(x, torch.zeros(count, 1, dtype=torch.int64), torch.tensor([len(x)])), sentences)

    def _example(self, batch: Batch, sentences: Sequence[str]) -> Example:
        """Return an article as it is shown: its words, those of its longest sentence, and its sentences."""
        cut = self.longest_sentence - 1
        read: list[list[str]] = [[*_words(one)[:cut], END_SIGN] for one in sentences[: len(batch.y)]]
        longest = max(read, key=len)
        views = {
            "sentence": Words(tuple(longest)),
            "document": Words(tuple(" ".join(words[:TITLE_WORDS]) for words in read)),
        }
        return Example(batch, Words(tuple(word for words in read for word in words)), part_views=views)

    def _parts(self, root: Path) -> list[list[Article]]:
        """Return the articles for training, validation and test.

        Raises:
            UserError: there are too few articles, or too many of them are equal.
        """
        from tasks.blocks.own_parts import share_out
        from tasks.blocks.shuffling import permutation

        found = read_published(root) if self.path is None else read_own(self.path, has_title=self.has_title)
        drawn = sorted(permutation(len(found), self.split_seed)[: self.limit])
        articles = [found[place]() for place in drawn]
        keys = [rouge_words(one.title) if self.path is None else text_key(one) for one in articles]
        labels = [one.topic for one in articles]
        shares = (self.validation, self.test)
        places = share_out(range(len(articles)), labels, keys, shares, self.split_seed)
        if not all(places):
            raise UserError(
                f"{self.path or ARCHIVE} has {len(articles)} articles, of which {len(set(keys))} differ; each of the "
                "three parts needs one."
            )
        return [[articles[place] for place in part] for part in places]

    def _numbers(self, train: Iterable[Article]) -> dict[str, int]:
        """Return the numbers of the most frequent training words; equally frequent ones are sorted by code points."""
        from tasks.text.sentence_tagger import FIRST_WORD

        counts = Counter(word for article in train for sentence in article.sentences for word in _words(sentence))
        frequent = sorted(counts, key=lambda word: (-counts[word], word))[: self.vocabulary]
        return {word: FIRST_WORD + number for number, word in enumerate(frequent)}

    def _tokens(self, sentences: Iterable[str], numbers: Mapping[str, int]) -> tuple[list[int], int]:
        """Return the tokens of the sentences that are read, at least one, and their number."""
        from tasks.text.sentence_tagger import END, UNKNOWN

        tokens: list[int] = []
        for count, sentence in enumerate(sentences):
            words = _words(sentence)[: self.longest_sentence - 1]
            if count and len(tokens) + len(words) >= self.longest:
                return tokens, count
            tokens += [*(numbers.get(word, UNKNOWN) for word in words), END]
        return tokens, count + 1

    def _split(self, table: ExtractTable, articles: Iterable[int], numbers: Mapping[str, int]) -> ParallelSplit:
        from tasks.text.parallel_text import ParallelSplit

        sources, targets = [], []
        for number in articles:
            tokens, count = self._tokens(table.articles[number].sentences, numbers)
            sources.append(tokens)
            targets.append(table.targets(number, count))
        split = ParallelSplit.of(sources, targets)
        return replace(split, kept=split.sources)


def _words(sentence: str) -> list[str]:
    """Return the words and the punctuation marks of a sentence, in lower case."""
    return WORD.findall(sentence.lower())


def _rankings(table: ExtractTable, train: int) -> dict[str, Ranking]:
    """Return the simple methods by their names. The centroid is weighted by the first `train` articles."""
    from tasks.text.extracts import Centroid

    centroid = Centroid([[word for sentence in text for word in sentence] for text in table.sentences[:train]])
    return {
        "random": table.drawn,
        "lead": table.lead,
        "centroid": lambda article: centroid.order(table.sentences[article]),
        "oracle": table.oracle,
    }


def _baselines(table: ExtractTable, train: int, articles: Sequence[int]) -> dict[str, float]:
    """Return the ROUGE-2 of the simple methods on some articles."""
    return {name: table.rouge2(articles, ranking) for name, ranking in _rankings(table, train).items()}


def _artifacts(
    network: TrainedNetwork,
    seed: int,
    *,
    test: ParallelSplit,
    table: ExtractTable,
    train: int,
    articles: Sequence[int],
) -> Artifacts:
    """Return ROUGE-L of the test part, the file of summaries, and the scores of the simple methods."""
    del seed
    import torch

    orders: dict[int, Sequence[int]] = {}
    for start in range(0, len(test), READ_AT_ONCE):
        batch = test.batch(torch.arange(start, min(start + READ_AT_ONCE, len(test))))
        orders |= table.orders(network(batch), batch)
    references = [table.articles[number].summary for number in articles]
    report, scores = [], dict[str, float]()
    for name, ranking in {**_rankings(table, train), "network": orders.__getitem__}.items():
        scores = dict(rouge_scores([table.text(number, ranking(number)) for number in articles], references))
        report.append(f"{name}: " + ", ".join(f"{kind} {value:.4f}" for kind, value in scores.items()))
    shown = [
        f"{table.articles[number].name}\n\n{table.text(number, orders[number])}\n\nreference:\n"
        f"{table.articles[number].summary}"
        for number in articles[:SHOWN_SUMMARIES]
    ]
    files = {"summaries.txt": "\n\n--------\n\n".join(shown).encode(), "scores.txt": "\n".join(report).encode()}
    return Artifacts({"rougel": scores["rougeL"]}, files)
