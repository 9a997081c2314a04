from tasks.text.conll_columns import Sentence
from tasks.text.entity_dictionary import EntityDictionary

SENTENCES = [
    Sentence(("New", "York", "is", "new"), ("B-place", "I-place", "O", "O")),
    Sentence(("New", "it", "is"), ("B-brand", "O", "O")),
    Sentence(("it", "is"), ("B-film", "O")),
    Sentence(("it", "it"), ("O", "O")),
]


def test_the_longest_phrase_is_tagged() -> None:
    tags = EntityDictionary(SENTENCES).tags
    assert tags(["in", "New", "York"]) == ["O", "B-place", "I-place"]
    assert tags(["New", "Rome"]) == ["B-brand", "O"]
    assert tags(["York", "New"]) == ["O", "B-brand"]


def test_a_phrase_that_is_mostly_no_entity_is_left_out() -> None:
    assert EntityDictionary(SENTENCES).tags(["it"]) == ["O"]
    assert EntityDictionary([]).tags(["a"]) == ["O"]
