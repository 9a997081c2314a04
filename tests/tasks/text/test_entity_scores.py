import pytest

from gatebench.errors import UserError
from tasks.text import entity_scores as module
from tasks.text.conll_columns import Sentence
from tasks.text.entity_scores import Entity, check_seqeval, entities_of, entity_f1, entity_report, surface_f1

SENTENCES = [
    Sentence(("New", "York", "and", "Oslo"), ("B-place", "I-place", "O", "B-place")),
    Sentence(("Oslo", "saw", "Anna"), ("B-place", "O", "B-person")),
]


def test_an_entity_has_its_words_and_its_type() -> None:
    assert entities_of(SENTENCES[0].tags) == [Entity(0, 2, "place"), Entity(3, 4, "place")]


def test_a_surface_form_counts_once() -> None:
    true = [sentence.tags for sentence in SENTENCES]
    assert entity_f1(true, true) == surface_f1(SENTENCES, true) == 1
    only_oslo = [("O", "O", "O", "B-place"), ("B-place", "O", "O")]
    assert entity_f1(true, only_oslo) == pytest.approx(2 * 2 / (4 + 2))
    assert surface_f1(SENTENCES, only_oslo) == pytest.approx(2 * 1 / (3 + 1))
    nothing = [("O",) * 4, ("O",) * 3]
    assert entity_f1(true, nothing) == surface_f1(SENTENCES, nothing) == 0
    assert "person" in entity_report(true, nothing)


def test_a_missing_package_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(UserError, match="needs the package seqeval"):
        check_seqeval()
