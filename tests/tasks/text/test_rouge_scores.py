import random

import pytest

from gatebench.errors import UserError
from tasks.text import rouge_scores as module
from tasks.text.rouge_scores import check_rouge_score, ngram_f1, rouge_scores
from tasks.text.sentences import rouge_words


def test_counted_scores_are_those_of_the_package() -> None:
    draws = random.Random(0)
    for _ in range(50):
        one, other = (
            " ".join(draws.choices(("The", "cat's", "sat", "on", "3.5", "mats!", "Öl"), k=draws.randint(1, 12)))
            for _ in range(2)
        )
        found = rouge_scores([one], [other])
        for order in (1, 2):
            ours = ngram_f1(rouge_words(one), rouge_words(other), order)
            assert ours == pytest.approx(found[f"rouge{order}"], abs=1e-12)


def test_known_scores() -> None:
    assert rouge_scores(["a b c d", "x"], ["b a c d", "x"]) == {"rouge1": 1, "rouge2": 1 / 6, "rougeL": 0.875}
    assert ngram_f1((), (), 1) == 0


def test_a_missing_package_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(UserError, match="needs the package rouge-score; install it with"):
        check_rouge_score()
