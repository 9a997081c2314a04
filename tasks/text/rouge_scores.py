"""ROUGE of summaries (Lin 2004): by the package rouge-score, and counted on words for the many texts of a training.

Both give the same numbers for ROUGE-1 and ROUGE-2; a test compares them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from statistics import fmean

from gatebench.errors import UserError

KINDS = ("rouge1", "rouge2", "rougeL")


def check_rouge_score() -> None:
    """Check that the package `rouge-score` is installed.

    Raises:
        UserError: it is not.
    """
    if find_spec("rouge_score") is None:
        raise UserError("This task needs the package rouge-score; install it with: pip install 'gatebench[text]'.")


def rouge_scores(summaries: Sequence[str], references: Sequence[str]) -> Mapping[str, float]:
    """Return the mean F1 scores ROUGE-1, ROUGE-2 and ROUGE-L by the names of `KINDS`, without a stemmer.

    ROUGE-L is that of the whole text: the longest common subsequence of all its words.

    Args:
        summaries: the texts to judge, at least one.
        references: the right summary of each.
    """
    from rouge_score.rouge_scorer import RougeScorer

    scorer = RougeScorer(list(KINDS))
    found = [scorer.score(right, text) for text, right in zip(summaries, references, strict=True)]
    return {kind: fmean(one[kind].fmeasure for one in found) for kind in KINDS}


def ngram_f1(words: Sequence[str], reference: Sequence[str], order: int) -> float:
    """Return the F1 score ROUGE-N of a text: the number of common n-grams against those of both texts.

    Args:
        words: the words of the text, from `tasks.text.sentences.rouge_words`.
        reference: the words of the right summary.
        order: N.
    """
    counts, right = (_ngrams(text, order) for text in (words, reference))
    total = counts.total() + right.total()
    return 2 * (counts & right).total() / total if total else 0.0


def _ngrams(words: Sequence[str], order: int) -> Counter[tuple[str, ...]]:
    return Counter(zip(*(words[start:] for start in range(order)), strict=False))
