"""Tagged sentences in the columns of CoNLL: a word a line, its columns beside it, an empty line after a sentence."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gatebench.errors import UserError

DOCUMENT = "-DOCSTART-"
"""The word of the line before a document."""

TAG = re.compile(r"O|[BIESLU]-\S+")
PREFIXES = {"S": "B", "U": "B", "E": "I", "L": "I"}
"""The prefixes of the schemes BIOES and BILOU, and those of BIO in their place."""


class Sentence(NamedTuple):
    """A tagged sentence of n words.

    Attributes:
        words: the n words.
        tags: the n tags: "O", "B-TYPE" for the first word of an entity, "I-TYPE" for its other words.
    """

    words: tuple[str, ...]
    tags: tuple[str, ...]


Document = list[Sentence]


def read_columns(text: str, name: str, word_column: int = 0, tag_column: int = -1) -> list[Document]:
    """Return the documents of a file.

    A file with a tab in its first line with a word has tabs between the columns, and its lines that start with "#" and
    have no tab are comments. Otherwise spaces stand between the columns. A file without lines of `DOCUMENT` has as many
    documents as sentences. The prefixes of BIOES and BILOU become those of BIO.

    Args:
        text: the content of the file.
        name: the name of the file, for messages.
        word_column: the column of the word, from 0; -1 is the last one.
        tag_column: the column of the tag, in the same way.

    Raises:
        UserError: a line has no word, another number of columns than the first, or no tag; or there is no sentence.
    """
    documents: list[Document] = [[]]
    has_documents = False
    words: list[str] = []
    tags: list[str] = []
    for line in _lines(text, name, word_column, tag_column):
        if line is not None and line[0] != DOCUMENT:
            words.append(line[0])
            tags.append(line[1])
            continue
        if words:
            documents[-1].append(Sentence(tuple(words), tuple(tags)))
            words, tags = [], []
        if line is not None:
            has_documents = True
            documents.append([])
    found = [document for document in documents if document]
    if not found:
        raise UserError(f"{name} has no tagged sentence.")
    return found if has_documents else [[sentence] for sentence in found[0]]


def _lines(text: str, name: str, word_column: int, tag_column: int) -> Iterator[tuple[str, str] | None]:
    """Return the word and the tag of each line; (`DOCUMENT`, "") before a document; None after a sentence."""
    lines = text.split("\n")
    first = next((line for line in lines if line.strip() and not line.startswith("#")), "")
    separator = "\t" if "\t" in first.strip() else None
    count = 0
    for number, line in enumerate(lines, 1):
        place = f"{name}, line {number},"
        if not line.strip():
            yield None
        elif line.split()[0] == DOCUMENT:
            yield DOCUMENT, ""
        elif separator is None or "\t" in line or not line.startswith("#"):
            # A space that is no separator, for example one that does not break a line, is a part of a word.
            columns = line.rstrip("\r").split("\t") if separator else re.split(r"[ \t]+", line.strip(" \t\r"))
            count = count or len(columns)
            if len(columns) != count:
                raise UserError(f"{place} has {_columns(len(columns))}, and the first line with a word has {count}.")
            yield _chosen(columns, place, word_column, tag_column)
    yield None


def _chosen(columns: Sequence[str], place: str, word_column: int, tag_column: int) -> tuple[str, str]:
    """Return the word and the tag of a line."""
    count = len(columns)
    for key, column in (("word_column", word_column), ("column", tag_column)):
        if not -count <= column < count:
            raise UserError(f"{place} has {_columns(count)}, and task.{key} is {column}; the first column is 0.")
    if word_column % count == tag_column % count:
        raise UserError(f"{place} has {_columns(count)}; the word and its tag are in two columns.")
    word, tag = columns[word_column].strip(), columns[tag_column].strip()
    if not word:
        raise UserError(f"{place} has no word.")
    if not TAG.fullmatch(tag):
        raise UserError(f"{place} has the tag {tag!r}; it must be O, B-TYPE or I-TYPE; task.column chooses the column.")
    return word, PREFIXES.get(tag[0], tag[0]) + tag[1:]


def _columns(count: int) -> str:
    return "1 column" if count == 1 else f"{count} columns"
