import torch

from tasks.text.conll_columns import Sentence
from tasks.text.spelling import WordNumbers
from tasks.text.tagged_words import TaggedWords
from tasks.text.window_tagger import WindowTagger

TAGS = ["O", "B-x", "I-x"]
SENTENCES = [
    Sentence(("in", "Rome", "it", "is"), ("O", "B-x", "O", "O")),
    Sentence(("in", "New", "York"), ("O", "B-x", "I-x")),
    Sentence(("it", "is", "new"), ("O", "O", "O")),
] * 5


def test_the_words_beside_a_word_count() -> None:
    numbers = WordNumbers((word for sentence in SENTENCES for word in sentence.words), 2, 20)
    tagger = WindowTagger(TaggedWords.of(SENTENCES, numbers, TAGS), numbers.size, len(TAGS))
    new = [Sentence(("in", "Kiel", "it"), ("O",) * 3), Sentence(("it", "is", "york"), ("O",) * 3)]
    assert tagger.tags(TaggedWords.of(new, numbers, TAGS)).tolist() == [0, 1, 0, 0, 0, 0]


def test_the_ends_of_a_sentence_have_no_neighbour() -> None:
    numbers = WordNumbers(["a", "b"], 1, 0)
    train = TaggedWords.of([Sentence(("a", "b"), ("O", "B-x")), Sentence(("b", "a"), ("O", "O"))] * 9, numbers, TAGS)
    tagger = WindowTagger(train, numbers.size, len(TAGS))
    assert torch.equal(torch.from_numpy(tagger.tags(train)), train.tags)
