"""Subwords: a vocabulary of byte pairs that is learnt from the training texts (Sennrich, Haddow & Birch 2016).

The package `tokenizers` does the work. Its vocabulary consists of bytes and joined bytes, so no text has an unknown
token.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING

from gatebench.errors import UserError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

LEAST_SIZE = 300
"""The least size of a vocabulary: 256 bytes, the special tokens, and some pairs."""


def check_subwords() -> None:
    """Check that the package `tokenizers` is installed.

    Raises:
        UserError: it is not.
    """
    if find_spec("tokenizers") is None:
        raise UserError("This task needs the package tokenizers; install it with: pip install 'gatebench[text]'.")


class Subwords:
    """A vocabulary of subwords.

    Args:
        texts: the training texts.
        size: the largest number of tokens, at least `LEAST_SIZE`.
        special: the tokens with the numbers 0, 1, …, which no text contains.
    """

    def __init__(self, texts: Iterable[str], size: int, special: Sequence[str]) -> None:
        check_subwords()
        from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

        self._tokenizer: Tokenizer = Tokenizer(models.BPE())
        self._tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
        self._tokenizer.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=size,
            special_tokens=list(special),
            initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
            show_progress=False,
        )
        self._tokenizer.train_from_iterator(texts, trainer)

    def __len__(self) -> int:
        return int(self._tokenizer.get_vocab_size())

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the numbers of the tokens of each text."""
        return [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts), add_special_tokens=False)]

    def decode(self, tokens: Sequence[int]) -> str:
        """Return the text of some tokens, without special ones."""
        return str(self._tokenizer.decode(list(tokens))).strip()

    def words(self, tokens: Sequence[int]) -> list[str]:
        """Return the text of each token, for people."""
        return [str(self._tokenizer.decode([token])).strip() or "·" for token in tokens]
