"""The sentences of a text, and the words by which ROUGE compares texts."""

import re

END_OF_SENTENCE = re.compile(r"""[.!?]["')\]”’]*\s+(?=["'(\[“‘]*[£$€]?[^\W_a-z])""")
"""A full stop, a question mark or an exclamation mark, and the space before a digit or a letter other than a to z."""

ROUGE_WORD = re.compile("[a-z0-9]+")


def split_sentences(text: str) -> list[str]:
    """Return the sentences of a text. A sentence ends at the end of a line at the latest.

    Pieces without a word that ROUGE counts are left out.

    Examples:
        >>> split_sentences('It was "late." He left!  Why?')
        ['It was "late."', 'He left!', 'Why?']
    """
    found: list[str] = []
    for line in text.splitlines():
        start = 0
        for end in END_OF_SENTENCE.finditer(line):
            found.append(line[start : end.end()].strip())
            start = end.end()
        found.append(line[start:].strip())
    return [sentence for sentence in found if rouge_words(sentence)]


def rouge_words(text: str) -> tuple[str, ...]:
    """Return the words of a text as the package rouge-score counts them without a stemmer.

    They are runs of the letters a to z and of digits, in lower case. Other letters separate words.
    """
    return tuple(ROUGE_WORD.findall(text.lower()))
