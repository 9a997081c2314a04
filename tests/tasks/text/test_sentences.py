import pytest

from tasks.text.sentences import rouge_words, split_sentences


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two!\nthree", ["One.", "Two!", "three"]),
        ('He said: "Go." She went.', ['He said: "Go."', "She went."]),
        ("It cost $1.13bn. (It did.) 8% rose. £5 fell.", ["It cost $1.13bn.", "(It did.)", "8% rose.", "£5 fell."]),
        ("Über 3.5 and more. Ärger.", ["Über 3.5 and more.", "Ärger."]),
        ("a. b was e.g. here", ["a. b was e.g. here"]),
        ("...\n\n ***\n", []),
    ],
)
def test_sentences(text: str, sentences: list[str]) -> None:
    assert split_sentences(text) == sentences


def test_words_are_letters_and_digits() -> None:
    assert rouge_words("It's 3.5% of Größe") == ("it", "s", "3", "5", "of", "gr", "e")
