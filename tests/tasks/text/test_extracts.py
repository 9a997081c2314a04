import pytest

from tasks.text.extracts import Centroid, choose, joined, oracle_sentences

TEXT = (("a", "b", "c"), ("d", "e"), ("a", "b"), ("f", "g", "h", "i"))


@pytest.mark.parametrize(
    ("words", "chosen"), [(0, [3]), (5, [1, 3]), (5.9, [1, 3]), (6, [1, 3]), (7.5, [0, 1, 3]), (100, [0, 1, 2, 3])]
)
def test_a_summary_has_about_the_wanted_number_of_words(words: float, chosen: list[int]) -> None:
    assert choose([3, 1, 0, 2], [3, 2, 2, 4], words) == chosen


def test_words_of_a_summary_are_in_order() -> None:
    assert joined(TEXT, [1, 2]) == ("d", "e", "a", "b")


def test_the_oracle_finds_the_sentences_of_a_summary() -> None:
    assert set(oracle_sentences(TEXT, ("f", "g", "h", "i", "d", "e"))) == {1, 3}
    assert oracle_sentences(TEXT, ("a", "b", "z")) == [2]
    assert oracle_sentences(TEXT, ("z",)) == []
    assert oracle_sentences((("a",), ("a", "b")), ("b",)) == [1]


def test_the_centroid_prefers_what_the_text_repeats_and_other_texts_lack() -> None:
    centroid = Centroid([["the", "old"], ["the", "new"], ["the"], ["odd"]])
    assert centroid.order((("the", "the"), ("car", "the"), ("bus", "old"), ("car", "old"))) == [3, 1, 2, 0]
    assert Centroid([["a"]]).order((("a",), ("a",))) == [0, 1]
