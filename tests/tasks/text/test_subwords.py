import pytest

from gatebench.errors import UserError
from tasks.text import subwords
from tasks.text.subwords import Subwords, check_subwords

TEXTS = ["the house is green", "the houses are green and old", "grün ist das Haus"] * 20


def test_a_text_comes_back_and_special_tokens_come_first() -> None:
    known = Subwords(TEXTS, 320, ("<pad>", "<begin>", "<end>"))
    assert 259 < len(known) <= 320  # bytes, special tokens, and pairs
    (tokens,) = known.encode(["the old house – in 漢字"])
    assert min(tokens) > 2
    assert known.decode([1, *tokens, 2]) == "the old house – in 漢字"
    assert len(known.encode(["the house"])[0]) < 6
    assert known.words(known.encode(["the house"])[0])[0] == "the"


def test_the_vocabulary_is_the_same_each_time() -> None:
    first, again = (Subwords(TEXTS, 310, ("<pad>",)) for _ in range(2))
    assert first.encode(TEXTS[:3]) == again.encode(TEXTS[:3])


def test_a_missing_package_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subwords, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"needs the package tokenizers; install .* 'gatebench\[text\]'"):
        check_subwords()
