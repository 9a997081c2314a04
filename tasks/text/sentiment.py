"""The common part of the tasks that classify texts as positive or negative."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gatebench.task import Metric
from tasks.text.text_classification import TextClassification

if TYPE_CHECKING:
    from tasks.text.text_classification import Scores, Tally


@dataclass(frozen=True)
class Sentiment(TextClassification):
    """Classification of texts as negative, class 0, or positive, class 1; see `TextClassification`."""

    metrics = (
        Metric("accuracy", "max", low=0, high=1),
        Metric("error", "min", low=0, high=1),
        Metric("f1", "max", low=0, high=1),
    )

    @property
    def answers(self) -> tuple[str, ...]:
        """The two classes."""
        return ("negative", "positive")

    def measures(self) -> tuple[Tally, Scores]:
        """Return the counts of true and false positives and negatives, and the scores from them."""
        from tasks.text.two_classes import binary_scores, count_outcomes

        return count_outcomes, binary_scores
