from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.data.array_cache import cached_arrays
from tasks.text.corpus import RESERVED, UNKNOWN, Corpus, tokenize

TEXTS = [["b", "a", "b"], ["c"], ["a", "b", "c", "a"], ["b", "a", "b"], ["d", "é"]]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A fine film, REALLY fine.", ["a", "fine", "film", "really", "fine"]),
        ("It's the '70s -- isn't it?!", ["it's", "the", "70s", "isn't", "it", "?", "!"]),
        ("rock'n'roll ''quoted'' don’t", ["rock'n'roll", "quoted", "don’t"]),
        ("Café ÜBER naïve 映画", ["café", "über", "naïve", "映画"]),
        ("10/10 snake_case x-ray", ["10", "10", "snake", "case", "x", "ray"]),
        ("\x85\xa0 \t\n...", []),
        ("", []),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    assert tokenize(text) == words


@settings(deadline=None)
@given(st.text())
def test_words_hold_no_space_and_are_found_again(text: str) -> None:
    words = tokenize(text)
    assert not any(character.isspace() for word in words for character in word)
    assert tokenize(" ".join(words)) == [again for word in words for again in tokenize(word)]


def test_numbers_stand_for_words() -> None:
    corpus = Corpus.from_texts(TEXTS)
    assert list(corpus.words) == ["a", "b", "c", "d", "é"]
    assert corpus.lengths.tolist() == [3, 1, 4, 3, 2]
    assert corpus.starts.tolist() == [0, 3, 4, 8, 11]
    assert corpus.numbers.dtype == np.int32
    assert [corpus.words[number] for number in corpus.numbers] == [word for text in TEXTS for word in text]


def test_a_corpus_goes_through_a_store(tmp_path: Path) -> None:
    corpus = Corpus.from_texts(TEXTS)
    cached_arrays(tmp_path, "k", {}, corpus.to_arrays)
    again = Corpus.from_arrays(cached_arrays(tmp_path, "k", {}, dict))
    assert list(again.words) == list(corpus.words)
    assert again.numbers.tolist() == corpus.numbers.tolist()
    assert again.lengths.tolist() == corpus.lengths.tolist()


def test_copies_point_to_the_first() -> None:
    assert Corpus.from_texts(TEXTS).first_copies().tolist() == [0, 1, 2, 0, 4]
    assert Corpus.from_texts([["a", "b"], ["a"], ["b", "a"], ["a"]]).first_copies().tolist() == [0, 1, 2, 1]


def table(texts: list[int], size: int, min_frequency: int) -> dict[str, int]:
    corpus = Corpus.from_texts(TEXTS)
    numbers = corpus.vocabulary(texts, size, min_frequency).tolist()
    return dict(zip(corpus.words, numbers, strict=True))


def test_frequent_words_have_the_first_numbers() -> None:
    # b stands five times, a four times, c twice, d and é once
    assert table([0, 1, 2, 3, 4], 10, 1) == {"b": 2, "a": 3, "c": 4, "d": 5, "é": 6}
    assert table([0, 1, 2, 3, 4], 3, 1) == {"b": 2, "a": 3, "c": 4, "d": UNKNOWN, "é": UNKNOWN}
    assert table([0, 1, 2, 3, 4], 10, 2) == {"b": 2, "a": 3, "c": 4, "d": UNKNOWN, "é": UNKNOWN}
    assert set(table([0], 10, 9).values()) == {UNKNOWN}


def test_only_the_chosen_texts_count() -> None:
    assert table([1, 4], 10, 1) == {"c": 2, "d": 3, "é": 4, "a": UNKNOWN, "b": UNKNOWN}
    assert table([4, 1], 10, 1) == table([1, 4], 10, 1)


@settings(deadline=None)
@given(st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=8), min_size=1), st.integers(1, 9), st.integers(1, 4))
def test_vocabulary_against_counting(texts: list[list[str]], size: int, min_frequency: int) -> None:
    corpus, half = Corpus.from_texts(texts), range(0, len(texts), 2)
    frequency = Counter(word for text in texts[::2] for word in text)
    ranked = sorted((word for word in frequency if frequency[word] >= min_frequency), key=lambda w: (-frequency[w], w))
    expected = {word: number for number, word in enumerate(ranked[:size], RESERVED)}
    numbers = corpus.vocabulary(half, size, min_frequency)
    assert numbers.dtype == np.int32
    assert numbers.tolist() == [expected.get(word, UNKNOWN) for word in corpus.words]
