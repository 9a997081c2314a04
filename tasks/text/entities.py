"""Recognition of named entities: new and rare names in posts and comments (WNUT-17), or the user's tagged text."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gatebench.errors import UserError, out_of_range
from gatebench.own_input import OwnInput
from gatebench.task import Artifacts, Batch, Example, Metric, Problem, Size, Task, TrainedNetwork, batch_of_one
from gatebench.views import Words
from tasks.blocks.validation import check_number, check_whole, make_floats
from tasks.data.files import find_file, read_file, read_verified
from tasks.data.own_file import own_file, own_name, own_path

if TYPE_CHECKING:
    from tasks.text.conll_columns import Document, Sentence
    from tasks.text.spelling import WordNumbers
    from tasks.text.tagged_words import TaggedWords

SOURCE_URL = "https://github.com/leondz/emerging_entities"
FOLDERS = ("wnut17", "emerging_entities")
CHECKSUMS = {  # in the order training, validation, test
    "wnut17train.conll": "731820e13f71af324c6b55a1575ec2ce59fbaa2a0806f8f0400b98d56cd6a7a5",
    "emerging.dev.conll": "e053b752b8155113ca66e7db08af5f2f5f43ab993694e4774f1ec5bad42312d8",
    "emerging.test.annotated": "2aa79b764e56ec9264a1b30fdd9b70195bd00ff400b62edd8f399d5f13c178f0",
}
SENTENCES, LONGEST = 3394, 41
"""The number of training sentences of WNUT-17, and the number of words of the longest."""

PATHS = ("path", "val_path", "test_path")
PARTS = ("training", "validation", "test")
WANTED = "a file in CoNLL columns"
TAGGED_AT_ONCE = 500


@dataclass(frozen=True)
class Entities(Task):
    """Each step reads a word, as the sum of embeddings of the word and of its spelling, and predicts its tag in BIO.

    Attributes:
        path: a file of the user in CoNLL columns, with the training part; None: WNUT-17.
        val_path: the file with the validation part; None: a share of the documents of `path`.
        test_path: the file with the test part, in the same way.
        word_column: the column of the word in the user's files, from 0; -1 is the last one.
        column: the column of the tag, in the same way.
        validation: the share of the documents of `path` that are the validation part, if there is no `val_path`.
        test: the share of the documents that are the test part, if there is no `test_path`.
        split_seed: the seed that draws these documents.
        embedding: the size of the embeddings.
        embedding_dropout: the probability of dropout of a value of an embedding.
        least_count: the least count of a training word that has an embedding of its own.
        buckets: the number of hash values of each feature of the spelling; 0: words have no spelling.
    """

    title = "Named entities in posts and comments"
    metrics = (
        Metric("f1", "max", low=0, high=1),
        Metric("accuracy", "max", low=0, high=1),
        Metric("surface_f1", "max", low=0, high=1),
    )
    table_metrics = ("f1", "surface_f1")
    final_metrics = ("surface_f1",)
    chance = 0.0  # without an entity in the answers nothing is right
    protocol = (
        "WNUT-17 (Derczynski et al. 2017): 3,394 / 1,009 / 1,287 sentences with six types of entities, which differ "
        "between the parts on purpose. f1 is the F1 score of entities, of which the words and the type must be "
        "right; it equals that of seqeval and conlleval. Its value on the validation part chooses the epoch. "
        "surface_f1 counts each pair of an entity's words and its type once. Departures from the shared task: the "
        "systems there start from embeddings of unlabelled tweets and mostly have a conditional random field; here "
        "the embeddings start from random values and the tags of a sentence are chosen independently. No entity of "
        "the test part is one of the training part with the same words, so the dictionary of the training part "
        "finds none."
    )
    licence = "CC BY 4.0; the user's own text has the user's licence"

    path: str | None = None
    val_path: str | None = None
    test_path: str | None = None
    word_column: int = 0
    column: int = -1
    validation: float = 0.1
    test: float = 0.1
    split_seed: int = 0
    embedding: int = 100
    embedding_dropout: float = 0.5
    least_count: int = 2
    buckets: int = 2000

    def __post_init__(self) -> None:
        for name in PATHS:
            value = getattr(self, name)
            if value is not None and not (isinstance(value, str) and value):
                raise out_of_range(f"task.{name}", value, "the name of a file, or null")
        if self.path is None and (self.val_path or self.test_path):
            raise UserError("task.path is null; with task.val_path or task.test_path it must name the training part.")
        for name in ("word_column", "column"):
            check_whole(name, getattr(self, name), -100, 100)
        for name in ("validation", "test"):
            check_number(name, getattr(self, name), 0.001, 0.45)
        check_number("embedding_dropout", self.embedding_dropout, 0, 0.99)
        make_floats(self, "validation", "test", "embedding_dropout")
        check_whole("split_seed", self.split_seed, 0)
        check_whole("embedding", self.embedding, 1, 10_000)
        check_whole("least_count", self.least_count, 1)
        check_whole("buckets", self.buckets, 0, 1_000_000)

    def parameters(self) -> dict[str, Any]:
        """Return the fields, with the paths reduced to file names: a folder does not enter a digest."""
        return {**super().parameters(), **{name: own_name(path) for name, path in self._own_paths().items()}}

    def checksums(self) -> Mapping[str, str]:
        """Return the SHA-256 of the files."""
        if self.path is None:
            return CHECKSUMS
        paths = {name: own_path(path, WANTED, name) for name, path in self._own_paths().items()}
        return {f"{name}/{path.name}": hashlib.sha256(read_file(path)).hexdigest() for name, path in paths.items()}

    def size(self) -> Size | None:
        """Return the number of training sentences, the words of the longest, and the size of an embedding."""
        return Size(SENTENCES, LONGEST, self.embedding) if self.path is None else None

    def check_files(self, root: Path, cache: Path | None = None) -> None:  # noqa: ARG002  (nothing is cached)
        """Check that the files and the package exist, and that the user's files have no fault."""
        from tasks.text.entity_scores import check_seqeval

        check_seqeval()
        if self.path is None:
            for name in CHECKSUMS:
                find_file(root, FOLDERS, (name,), SOURCE_URL, dataset="wnut17")
        else:
            self._sentences(root)

    def load(self, root: Path, cache: Path | None = None) -> Problem:  # noqa: ARG002  (nothing here is worth a cache)
        """Read the sentences and number their words and tags."""
        from tasks.blocks.every_step import EveryStep
        from tasks.text import next_token
        from tasks.text.entity_counts import count_tags, f1_and_accuracy, tag_names
        from tasks.text.entity_scores import check_seqeval
        from tasks.text.spelling import SpelledWords
        from tasks.text.tagged_words import TaggedWords

        check_seqeval()
        parts = self._sentences(root)
        tags = tag_names(sorted({tag[2:] for part in parts for sentence in part for tag in sentence.tags} - {""}))
        for name, part in zip(PARTS, parts, strict=True):
            if all(set(sentence.tags) == {"O"} for sentence in part):
                raise UserError(f"The {name} part has no entity: each of its {len(part):,} sentences has only tags O.")
        numbers = self._numbers(parts[0])
        train, val, test = (TaggedWords.of(part, numbers, tags) for part in parts)
        return Problem(
            train,
            val,
            test,
            input_size=self.embedding,
            steps=max(split.steps for split in (train, val, test)),
            encoder=SpelledWords(numbers.size, self.embedding, self.embedding_dropout),
            head=partial(EveryStep, outputs=len(tags)),
            loss=next_token.next_token_loss,
            tally=count_tags,
            scores=f1_and_accuracy,
            baselines=partial(_baselines, parts, train, test, numbers.size, tags),
            targets=next_token.tokens,
            artifacts=partial(_artifacts, test=test, parts=parts, tags=tags),
        )

    def example(self, problem: Problem, number: int, root: Path, cache: Path | None = None) -> Example:  # noqa: ARG002
        """Return a sentence of the test part."""
        batch = batch_of_one(problem.test, number)
        return Example(batch, Words(self._sentences(root)[2][number].words))

    def own_example(self, problem: Problem, given: OwnInput, root: Path, cache: Path | None = None) -> Example:  # noqa: ARG002
        """Return a sentence of the user, with spaces between its words.

        Raises:
            UserError: it is no text, or it has no word.
        """
        import torch

        words = given.read_text().split()
        if not words:
            raise UserError("Your text has no word.")
        x = torch.from_numpy(self._numbers(self._sentences(root)[0]).rows(words))[:, None]
        tags = torch.zeros(len(words), 1, dtype=torch.int64)
        return Example(Batch(x, tags, torch.tensor([len(words)])), Words(tuple(words)))

    def _numbers(self, train: Sequence[Sentence]) -> WordNumbers:
        from tasks.text.spelling import WordNumbers

        return WordNumbers((word for sentence in train for word in sentence.words), self.least_count, self.buckets)

    def _own_paths(self) -> dict[str, str]:
        """Return the user's paths by their fields."""
        return {name: path for name in PATHS if (path := getattr(self, name)) is not None}

    def _sentences(self, root: Path) -> list[list[Sentence]]:
        """Return the sentences for training, validation and test."""
        from tasks.text.conll_columns import read_columns

        if self.path is None:
            texts = [_published(root, name) for name in CHECKSUMS]
            documents = [read_columns(text, name) for text, name in zip(texts, CHECKSUMS, strict=True)]
            return [_flat(part) for part in documents]
        files = {
            name: read_columns(own_file(path, WANTED, name), path, self.word_column, self.column)
            for name, path in self._own_paths().items()
        }
        train = files["path"]
        shares = {
            name: 0.0 if name in files else share
            for name, share in (("val_path", self.validation), ("test_path", self.test))
        }
        drawn = _drawn(train, str(self.path), list(shares.values()), self.split_seed)
        val, test = (files.get(name, part) for name, part in zip(shares, drawn[1:], strict=True))
        return [_flat(part) for part in (drawn[0], val, test)]


def _published(root: Path, name: str) -> str:
    """Return the text of a file of WNUT-17."""
    path = find_file(root, FOLDERS, (name,), SOURCE_URL, dataset="wnut17")
    return read_verified(path, CHECKSUMS[name], SOURCE_URL).decode()


def _flat(documents: Sequence[Document]) -> list[Sentence]:
    return [sentence for document in documents for sentence in document]


def _drawn(documents: list[Document], name: str, shares: Sequence[float], seed: int) -> list[list[Document]]:
    """Return the rest of the documents, and the parts that are drawn from them, all in the order of the file.

    Raises:
        UserError: there are too few documents for the parts.
    """
    from tasks.blocks.shuffling import permutation

    counts = [max(round(share * len(documents)), 1) if share else 0 for share in shares]
    if sum(counts) >= len(documents):
        raise UserError(
            f"{name} has too few documents, {len(documents)}, for {1 + sum(map(bool, counts))} parts; "
            "give more text, or the parts as task.val_path and task.test_path."
        )
    order = permutation(len(documents), seed)
    parts = []
    for count in counts:
        parts.append(sorted(order[:count]))
        order = order[count:]
    return [[documents[place] for place in places] for places in (sorted(order), *parts)]


def _baselines(
    parts: Sequence[Sequence[Sentence]], train: TaggedWords, test: TaggedWords, numbers: int, tags: Sequence[str]
) -> dict[str, float]:
    """Return the F1 score of the most frequent tag, of a dictionary of the training part, and of a window of words."""
    from tasks.text.entity_dictionary import EntityDictionary
    from tasks.text.entity_scores import entity_f1
    from tasks.text.window_tagger import WindowTagger

    dictionary, true = EntityDictionary(parts[0]), [sentence.tags for sentence in parts[2]]
    guesses = iter(WindowTagger(train, numbers, len(tags)).tags(test).tolist())
    return {
        "all O": entity_f1(true, [["O"] * len(own) for own in true]),
        "dictionary": entity_f1(true, [dictionary.tags(sentence.words) for sentence in parts[2]]),
        "window of 3 words": entity_f1(true, [[tags[next(guesses)] for _ in own] for own in true]),
    }


def _artifacts(
    network: TrainedNetwork,
    seed: int,
    *,
    test: TaggedWords,
    parts: Sequence[Sequence[Sentence]],
    tags: Sequence[str],
) -> Artifacts:
    """Return the score of the surface forms, the file of predicted tags, and the scores of each type of entity."""
    del seed
    from tasks.text.entity_dictionary import EntityDictionary
    from tasks.text.entity_scores import entity_f1, entity_report, surface_f1

    sentences, dictionary = parts[2], EntityDictionary(parts[0])
    predicted = _predicted(network, test, tags)
    true = [sentence.tags for sentence in sentences]
    surface = surface_f1(sentences, predicted)
    simple = [dictionary.tags(sentence.words) for sentence in sentences]
    lines = [
        "".join(f"{word}\t{tag}\t{guess}\n" for word, tag, guess in zip(*sentence, own, strict=True))
        for sentence, own in zip(sentences, predicted, strict=True)
    ]
    report = (
        f"network: F1 {entity_f1(true, predicted):.4f}, surface F1 {surface:.4f}\n"
        f"dictionary: F1 {entity_f1(true, simple):.4f}, surface F1 {surface_f1(sentences, simple):.4f}\n\n"
        f"{entity_report(true, predicted)}"
    )
    return Artifacts(
        {"surface_f1": surface}, {"entities.tsv": "\n".join(lines).encode(), "scores.txt": report.encode()}
    )


def _predicted(network: TrainedNetwork, test: TaggedWords, tags: Sequence[str]) -> list[list[str]]:
    """Return the tags that the network gives to each test sentence."""
    import torch

    predicted: list[list[str]] = []
    for start in range(0, len(test), TAGGED_AT_ONCE):
        batch = test.batch(torch.arange(start, min(start + TAGGED_AT_ONCE, len(test))))
        assert batch.lengths is not None  # a split of sentences has them
        for column, length in zip(network(batch).argmax(-1).T.tolist(), batch.lengths.tolist(), strict=True):
            predicted.append([tags[number] for number in column[:length]])
    return predicted
