import pytest

from gatebench.errors import UserError
from tasks.text import translation_scores as module
from tasks.text.translation_scores import check_sacrebleu, translation_scores

REFERENCES = ["the man runs over the green grass", "a tree stands here"]


def test_right_translations_have_the_best_scores() -> None:
    scores = translation_scores(REFERENCES, REFERENCES)
    assert [scores.bleu, scores.chrf] == pytest.approx([100, 100])
    assert all("version:" in signature for signature in scores.signatures)
    wrong = translation_scores(["nothing of it", "nor this"], REFERENCES)
    assert wrong.bleu < 10


def test_a_missing_package_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(UserError, match="needs the package sacrebleu"):
        check_sacrebleu()
