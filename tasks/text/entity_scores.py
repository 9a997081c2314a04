"""Scores of predicted entities by the package seqeval, and the score of their surface forms.

Source: Derczynski, Nichols, van Erp & Limsopatham 2017 (surface forms); Nakayama 2018 (seqeval).
"""

from collections.abc import Sequence
from importlib.util import find_spec
from typing import NamedTuple

from gatebench.errors import UserError
from tasks.text.conll_columns import Sentence

Tags = Sequence[Sequence[str]]


class Entity(NamedTuple):
    """An entity of a sentence.

    Attributes:
        start: its first word.
        end: the word after its last one.
        kind: its type.
    """

    start: int
    end: int
    kind: str


def check_seqeval() -> None:
    """Check that the package `seqeval` is installed.

    Raises:
        UserError: it is not.
    """
    if find_spec("seqeval") is None:
        raise UserError("This task needs the package seqeval; install it with: pip install 'gatebench[text]'.")


def entities_of(tags: Sequence[str]) -> list[Entity]:
    """Return the entities of a sentence in their order."""
    from seqeval.metrics.sequence_labeling import get_entities

    return [Entity(start, last + 1, kind) for kind, start, last in get_entities(list(tags))]


def entity_f1(true: Tags, predicted: Tags) -> float:
    """Return the F1 score of the entities of all sentences, by seqeval."""
    from seqeval.metrics import f1_score

    return float(f1_score([list(one) for one in true], [list(one) for one in predicted], zero_division=0))


def entity_report(true: Tags, predicted: Tags) -> str:
    """Return precision, recall and F1 of each type of entity as a table, by seqeval."""
    from seqeval.metrics import classification_report

    lists = ([list(one) for one in tags] for tags in (true, predicted))
    return str(classification_report(*lists, digits=4, zero_division=0))


def surface_f1(sentences: Sequence[Sentence], predicted: Tags) -> float:
    """Return the F1 score of the surface forms: the different pairs of an entity's words and its type.

    An entity that occurs many times counts once. A pair is right if it is in both sets.
    """
    true, guessed = (
        {
            (entity.kind, sentence.words[entity.start : entity.end])
            for sentence, own in zip(sentences, tags, strict=True)
            for entity in entities_of(own)
        }
        for tags in ([sentence.tags for sentence in sentences], predicted)
    )
    count = len(true) + len(guessed)
    return 2 * len(true & guessed) / count if count else 0.0
