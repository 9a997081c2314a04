"""The problem of predicting the next token of a text, for any kind of tokens. S tokens, V vocabulary."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from gatebench.errors import UserError
from gatebench.task import Artifacts, Problem, TrainedNetwork

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import nn

PARTS = ("training", "validation", "test")


def language_problem(
    parts: Sequence[NDArray[np.int64]],
    lengths: tuple[int, int],
    encoder: nn.Module,
    input_size: int,
    names: Sequence[str],
    *,
    scores: Callable[[Mapping[str, float]], dict[str, float]],
    score_of_bits: Callable[[float], float],
    longest_ngram: int,
    carries_state: bool,
    separator: str,
    place: str,
) -> Problem:
    """Return the problem of a text.

    Args:
        parts: the tokens for training, validation and test, (S,) each.
        lengths: the number of predicted tokens of a training sequence, and of one for validation and test.
        encoder: maps tokens (T, B) to (T, B, I) floats.
        input_size: I.
        names: (V,) the text of each token.
        scores: the metrics, from the tallies of `tasks.text.next_token.count_tokens`.
        score_of_bits: the headline metric for a number of bits a token.
        longest_ngram: the largest order of the n-gram models beside it.
        carries_state: whether the state passes from one sequence to the next.
        separator: the text between two tokens of a sample.
        place: the file or the folder of the text, for messages.

    Raises:
        UserError: a part has fewer than two tokens.
    """
    from tasks.blocks.every_step import EveryStep
    from tasks.text import chunked_cross_entropy, next_token
    from tasks.text.large_vocabulary import LargeVocabulary
    from tasks.text.text_windows import text_windows

    for name, part in zip(PARTS, parts, strict=True):
        if len(part) < 2:
            total = sum(map(len, parts))
            raise UserError(
                f"The text in {place} has {total:,} tokens, and its {name} part has {len(part)}; each part needs two."
            )
    train, val, test = (
        text_windows(part, length) for part, length in zip(parts, (lengths[0], lengths[1], lengths[1]), strict=True)
    )
    is_large = len(names) >= chunked_cross_entropy.LARGE
    return Problem(
        train,
        val,
        test,
        input_size=input_size,
        steps=max(split.steps for split in (train, val, test)),
        encoder=encoder,
        head=partial(LargeVocabulary if is_large else EveryStep, outputs=len(names), causal=True),
        loss=chunked_cross_entropy.mean_nats if is_large else next_token.next_token_loss,
        tally=chunked_cross_entropy.count_scores if is_large else next_token.count_tokens,
        scores=scores,
        baselines=partial(_baselines, parts, len(names), longest_ngram, score_of_bits),
        targets=next_token.tokens,
        carries_state=carries_state,
        reads_scores=is_large,
        artifacts=partial(
            _samples, names=names, start=int(parts[-1][0]), separator=separator, carries_state=carries_state
        ),
    )


def _baselines(
    parts: Sequence[NDArray[np.int64]], symbols: int, longest: int, score_of_bits: Callable[[float], float]
) -> dict[str, float]:
    """Return the headline metric of the single tokens, and of the n-gram model that is best in validation.

    As for a network, the first token of the test part is not predicted.
    """
    from tasks.text.kneser_ney import KneserNey, best_order

    train, val, test = parts
    orders = {"unigram": 1}
    best = best_order(train, val, symbols, longest)
    orders |= {f"{best}-gram": best}
    return {name: score_of_bits(KneserNey(train, symbols, order).bits(test, 1)) for name, order in orders.items()}


def _samples(
    network: TrainedNetwork, seed: int, *, names: Sequence[str], start: int, separator: str, carries_state: bool
) -> Artifacts:
    """Return the file of texts that the network writes after the first token of the test part."""
    from tasks.text.samples import LENGTH, SAMPLES, sampled_tokens

    drawn = sampled_tokens(network, [start], LENGTH, SAMPLES, seed, carries_state=carries_state)
    texts = [separator.join(names[token] for token in text) for text in drawn.T.tolist()]
    return Artifacts(files={"samples.txt": "\n\n--------\n\n".join(texts).encode()})
