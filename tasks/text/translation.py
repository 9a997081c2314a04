"""Translation of captions between English, German and French (Multi30k), or of the user's own pairs of texts."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gatebench.errors import UserError, out_of_range
from gatebench.own_input import OwnInput
from gatebench.task import Artifacts, Batch, Example, Metric, Problem, Size, Task, TrainedNetwork, batch_of_one
from gatebench.views import Words
from tasks.blocks.validation import check_choice, check_whole
from tasks.data.files import read_file
from tasks.data.own_file import own_file, own_path
from tasks.text import multi30k
from tasks.text.multi30k import LANGUAGES, TESTS, file_names, find_published, read_published

if TYPE_CHECKING:
    from tasks.text.parallel_text import ParallelSplit
    from tasks.text.subwords import Subwords

ATTENTIONS = ("none", "dot", "additive")
SPECIAL = ("<pad>", "<begin>", "<end>")
WRITTEN_AT_ONCE = 100
SHOWN_TRANSLATIONS = 200
"""The largest number of translations in the file of a run."""

Pairs = list[tuple[str, str]]


@dataclass(frozen=True)
class Translation(Task):
    """An encoder reads a sentence in subwords, and a decoder with the same cell writes it in another language.

    Attributes:
        source: the language that is read: "en", "de" or "fr".
        target: the language that is written.
        source_path: a text file of the user, one sentence a line; None: Multi30k.
        target_path: the file with the translation of each line.
        test: the test set of Multi30k. The user's last tenth of pairs is the test part, and the tenth before it the
            validation part.
        limit: the number of training pairs that are used; None for all.
        vocabulary: the largest number of subwords of each language, learnt from the training pairs.
        embedding: the size of the embeddings of both languages.
        attention: "none", "dot" (Luong et al. 2015) or "additive" (the scores of Bahdanau et al. 2015).
        longest: the largest number of subwords of a sentence; the rest of a training sentence is left out.
        beam: the number of sequences that are kept while the network writes; 1: greedy search.
    """

    title = "Translation of captions"
    metrics = (
        Metric("nll", "min", "nats/token", low=0),
        Metric("accuracy", "max", low=0, high=1),
        Metric("bleu", "max", low=0, high=100),
        Metric("chrf", "max", low=0, high=100),
    )
    table_metrics = ("nll", "bleu", "chrf")
    final_metrics = ("bleu", "chrf")
    protocol = (
        "Multi30k, task 1 (Elliott et al. 2016): 29,000 / 1,014 captions and a test set, raw text. The best epoch is "
        "chosen by the nats a subword of the validation part, which depend on the vocabulary. BLEU and chrF are those "
        "of sacrebleu with its default settings on the detokenised text; its signature is kept with the run. The "
        "decoder starts with the encoder's last state. The attention of Luong et al. 2015 has an input feeding, which "
        "is left out here."
    )
    licence = "Multi30k: for research, not commercial; the user's own text has the user's licence"

    source: str = "en"
    target: str = "de"
    source_path: str | None = None
    target_path: str | None = None
    test: str = TESTS[0]
    limit: int | None = None
    vocabulary: int = 4000
    embedding: int = 128
    attention: str = "dot"
    longest: int = 60
    beam: int = 1

    def __post_init__(self) -> None:
        for name in ("source", "target"):
            check_choice(name, getattr(self, name), LANGUAGES)
        if self.source == self.target:
            raise out_of_range("task.target", self.target, f"another language than task.source={self.source}")
        if (self.source_path is None) != (self.target_path is None):
            raise UserError("task.source_path and task.target_path name the two files of pairs; give both, or none.")
        for name in ("source_path", "target_path"):
            value = getattr(self, name)
            if value is not None and not (isinstance(value, str) and value):
                raise out_of_range(f"task.{name}", value, "the name of a text file, or null")
        check_choice("test", self.test, TESTS)
        check_choice("attention", self.attention, ATTENTIONS)
        if self.limit is not None:
            check_whole("limit", self.limit, 1)
        check_whole("vocabulary", self.vocabulary, 300, 100_000)
        check_whole("embedding", self.embedding, 1, 10_000)
        check_whole("longest", self.longest, 2, 1000)
        check_whole("beam", self.beam, 1, 100)

    @cached_property
    def chance(self) -> float:  # type: ignore[override]
        """The nats of a subword if all subwords of the target language are equally probable.

        Those of the user's pairs are learnt for it. Multi30k has `vocabulary` of them, unless its training pairs are
        limited to few, or it asks for more than 30,000.
        """
        if not self.is_own:
            return math.log(self.vocabulary)
        from tasks.text.subwords import Subwords

        targets = [target for _, target in self._own_pairs()[0]]
        return math.log(len(Subwords(targets, self.vocabulary, SPECIAL)))

    @property
    def is_own(self) -> bool:
        """Whether the pairs are the user's own."""
        return self.source_path is not None

    def parameters(self) -> dict[str, Any]:
        """Return the fields, with the paths reduced to file names: a folder does not enter a digest."""
        paths = {name: getattr(self, name) for name in ("source_path", "target_path")}
        return {**super().parameters(), **{name: path and Path(path).name for name, path in paths.items()}}

    def checksums(self) -> Mapping[str, str]:
        """Return the SHA-256 of the files."""
        if not self.is_own:
            return {name: multi30k.CHECKSUMS[name] for part in self._parts() for name in part}
        paths = [own_path(path, "a text file", name) for name, path in self._own_paths().items()]
        return {path.name: hashlib.sha256(read_file(path)).hexdigest() for path in paths}

    def size(self) -> Size | None:
        """Return None: the decoder and the encoder have different numbers of steps."""
        return None

    def check_files(self, root: Path, cache: Path | None = None) -> None:  # noqa: ARG002  (nothing is cached)
        """Check that the files and the packages exist."""
        from tasks.text.subwords import check_subwords
        from tasks.text.translation_scores import check_sacrebleu

        check_subwords()
        check_sacrebleu()
        if self.is_own:
            for name, path in self._own_paths().items():
                own_path(path, "a text file", name)
        else:
            for part in self._parts():
                for name in part:
                    find_published(root, name)

    def load(self, root: Path, cache: Path | None = None) -> Problem:  # noqa: ARG002  (nothing here is worth a cache)
        """Read the pairs, and learn the subwords from the training pairs."""
        from torch import nn

        from tasks.blocks.no_head import no_head
        from tasks.text import next_token
        from tasks.text.chunked_cross_entropy import LARGE, count_scores, mean_nats
        from tasks.text.encoder_decoder import PAD, EncoderDecoder
        from tasks.text.target_tokens import count_targets, target_loss, target_tokens

        parts = self._pairs(root)
        subwords = self._subwords(parts[0])
        train, val, test = (self._split(pairs, subwords) for pairs in parts)
        symbols = len(subwords[1])
        is_large = symbols >= LARGE
        body = partial(
            EncoderDecoder,
            input_size=self.embedding,
            symbols=symbols,
            embedding=self.embedding,
            attention=self.attention,
        )
        return Problem(
            train,
            val,
            test,
            input_size=self.embedding,
            steps=max(split.steps for split in (train, val, test)),
            encoder=nn.Embedding(len(subwords[0]), self.embedding, padding_idx=PAD),
            head=partial(no_head, task="translation"),
            body=body,
            loss=mean_nats if is_large else target_loss,
            tally=count_scores if is_large else count_targets,
            reads_scores=is_large,
            scores=next_token.nats_and_accuracy,
            baselines=partial(_baselines, train, test, symbols),
            targets=target_tokens,
            artifacts=partial(self._artifacts, test=test, pairs=parts, subwords=subwords[1]),
        )

    def example(self, problem: Problem, number: int, root: Path, cache: Path | None = None) -> Example:  # noqa: ARG002
        """Return a sentence of the test part."""
        batch, (source, target) = batch_of_one(problem.test, number), self._subwords(self._pairs(root)[0])
        read = (SPECIAL[1], *target.words(batch.y[:-1, 0].tolist()))
        return Example(batch, Words(tuple(source.words(batch.inputs.tolist()))), part_views={"decoder": Words(read)})

    def own_example(self, problem: Problem, given: OwnInput, root: Path, cache: Path | None = None) -> Example:  # noqa: ARG002
        """Return a sentence of the user.

        Raises:
            UserError: it is no text, or it is empty.
        """
        import torch

        from tasks.text.encoder_decoder import END

        subwords, text = self._subwords(self._pairs(root)[0])[0], given.read_text().strip()
        if not text:
            raise UserError("Your text has no word.")
        (tokens,) = subwords.encode([text])
        x = torch.tensor(tokens[: self.longest])[:, None]
        batch = Batch(x, torch.full((1, 1), END), torch.tensor([len(x)]))
        view = Words(tuple(subwords.words(x[:, 0].tolist())))
        return Example(batch, view, part_views={"decoder": Words(SPECIAL[1:2])})

    def _subwords(self, pairs: Pairs) -> list[Subwords]:
        """Return the vocabularies of the source and of the target, which are learnt from the training pairs."""
        from tasks.text.subwords import Subwords

        return [Subwords([pair[n] for pair in pairs], self.vocabulary, SPECIAL) for n in (0, 1)]

    def _parts(self) -> list[tuple[str, str]]:
        """Return the names of the two files of each part."""
        return [file_names(part, self.source, self.target) for part in ("train", "val", self.test)]

    def _pairs(self, root: Path) -> list[Pairs]:
        """Return the pairs for training, validation and test."""
        from tasks.text.parallel_text import aligned

        if not self.is_own:
            parts = [
                aligned(read_published(root, one), read_published(root, other), (one, other))
                for one, other in self._parts()
            ]
            return [parts[0][: self.limit], *parts[1:]]
        return self._own_pairs()

    def _own_paths(self) -> dict[str, str]:
        """Return the paths of the user's two files by their fields."""
        return {"source_path": str(self.source_path), "target_path": str(self.target_path)}

    def _own_pairs(self) -> list[Pairs]:
        """Return the user's pairs for training, validation and test.

        Raises:
            UserError: the files are not aligned, or have fewer than 10 pairs.
        """
        from tasks.text.parallel_text import aligned

        paths = self._own_paths()
        source, target = (own_file(path, "a text file", name) for name, path in paths.items())
        names = (paths["source_path"], paths["target_path"])
        pairs = aligned(source, target, names)
        tenth = len(pairs) // 10
        if not tenth:
            raise UserError(f"{names[0]} and {names[1]} have {len(pairs)} pairs; at least 10 are needed.")
        return [pairs[: -2 * tenth][: self.limit], pairs[-2 * tenth : -tenth], pairs[-tenth:]]

    def _split(self, pairs: Pairs, subwords: Sequence[Subwords]) -> ParallelSplit:
        from tasks.text.encoder_decoder import END
        from tasks.text.parallel_text import ParallelSplit

        sources, targets = (subwords[n].encode([pair[n] for pair in pairs]) for n in (0, 1))
        return ParallelSplit.of(
            [tokens[: self.longest] for tokens in sources], [[*tokens[: self.longest - 1], END] for tokens in targets]
        )

    def _artifacts(
        self, network: TrainedNetwork, seed: int, *, test: ParallelSplit, pairs: Sequence[Pairs], subwords: Subwords
    ) -> Artifacts:
        """Return BLEU and chrF of the test part, and the files of translations and of the scores."""
        del seed
        from tasks.text.translation_scores import translation_scores
        from tasks.text.word_table import WordTable, translated

        written = [subwords.decode(tokens) for tokens in self._written(network, test)]
        sources, references = ([pair[n] for pair in pairs[2]] for n in (0, 1))
        scores = translation_scores(written, references)
        simple = translation_scores(translated(WordTable(pairs[0]), sources), references)
        lines = ["source\ttranslation\treference"]
        lines += ["\t".join(row) for row in zip(sources, written, references, strict=True)][:SHOWN_TRANSLATIONS]
        report = [
            f"network: BLEU {scores.bleu:.2f}, chrF {scores.chrf:.2f}",
            f"word by word: BLEU {simple.bleu:.2f}, chrF {simple.chrf:.2f}",
            *scores.signatures,
        ]
        return Artifacts(
            {"bleu": scores.bleu, "chrf": scores.chrf},
            {"translations.tsv": "\n".join(lines).encode(), "scores.txt": "\n".join(report).encode()},
        )

    def _written(self, network: TrainedNetwork, test: ParallelSplit) -> list[list[int]]:
        """Return the tokens that the network writes for each test sentence."""
        import torch

        from tasks.text.beam_search import translate
        from tasks.text.encoder_decoder import EncoderDecoder

        assert isinstance(network.body, EncoderDecoder)
        written: list[list[int]] = []
        for start in range(0, len(test), WRITTEN_AT_ONCE):
            batch = test.batch(torch.arange(start, min(start + WRITTEN_AT_ONCE, len(test))))
            x = network.encoder(batch.x.to(network.device))
            written += translate(network.body, x, batch.lengths, beam=self.beam, longest=self.longest)
        return written


def _baselines(train: ParallelSplit, test: ParallelSplit, symbols: int) -> dict[str, float]:
    """Return the nats a token of models of the target language that do not read the source."""
    from tasks.text.kneser_ney import KneserNey

    read, written = train.targets.numpy(), test.targets.numpy()
    orders = {"unigram": 1, "3-gram": 3}
    return {name: KneserNey(read, symbols, n).bits(written) * math.log(2) for name, n in orders.items()}
