"""The grammar is compared with an independent regular expression."""

import re
from collections import Counter
from itertools import product

import numpy as np
import pytest

from tasks.blocks.random_numbers import RandomNumbers
from tasks.synthetic.reber_grammar import SYMBOLS, draw_strings

# After B, the upper path is T, any number of S, and X; the lower path is P, any number of T, and V. After the upper
# path, S leads to the end and X to the lower path. After the lower path, V leads to the end and P to the upper path.
LOWER = "T*V"
INNER = rf"B(?:TS*XS|(?:TS*XX|P){LOWER}(?:PX{LOWER})*(?:V|PS))E"
EMBEDDED = re.compile(rf"B(?:T{INNER}T|P{INNER}P)E")
PUBLISHED = ("BTSSXXTVVE", "BPVVE", "BTXXVPSE", "BPVPXVPXVPXVVE", "BTSXXVPSE", "BPTTTVPXTVPXVPXVPXTTVVE")


def texts(symbols: "np.typing.NDArray[np.int64]") -> list[str]:
    return ["".join(SYMBOLS[number] for number in row) for row in symbols.tolist()]


def language(longest: int) -> list[str]:
    """All strings of the embedded grammar up to a length, by their inner strings."""
    inner = [text for n in range(5, longest - 3) for text in candidates(n) if re.fullmatch(INNER, text)]
    return [f"B{frame}{text}{frame}E" for text in inner for frame in "TP"]


def candidates(length: int) -> list[str]:
    """All texts of a length that begin and end as inner strings do."""
    return ["B" + "".join(middle) + "E" for middle in product("TSXPV", repeat=length - 2)]


STRINGS = language(13)  # inner strings of up to 9 symbols


def next_symbols(prefix: str) -> set[str]:
    """The symbols after a prefix in all strings."""
    return {text[len(prefix)] for text in STRINGS if text.startswith(prefix) and len(text) > len(prefix)}


@pytest.fixture(scope="module")
def strings() -> list[str]:
    symbols, _, lengths = draw_strings(RandomNumbers(0), 20_000, None)
    return [text[:length] for text, length in zip(texts(symbols), lengths.tolist(), strict=True)]


@pytest.mark.parametrize("text", PUBLISHED)
def test_the_expression_matches_published_strings(text: str) -> None:
    assert re.fullmatch(INNER, text)


def test_all_strings_are_of_the_grammar_and_all_short_ones_occur(strings: list[str]) -> None:
    assert all(EMBEDDED.fullmatch(text) for text in strings)
    assert {text for text in strings if len(text) <= 12} == {text for text in STRINGS if len(text) <= 12}


def test_the_frequency_of_a_string_is_half_to_the_power_of_its_choices(strings: list[str]) -> None:
    """For example, BTBTXSETE has four choices: T, T, X and S."""
    counts = Counter(strings)
    for text, choices in {"BTBTXSETE": 4, "BPBTXSEPE": 4, "BTBPVVETE": 4, "BTBPTVVETE": 5, "BPBTXXVVEPE": 6}.items():
        expected = 20_000 / 2**choices
        assert abs(counts[text] - expected) < 4 * expected**0.5, text


def test_the_allowed_symbols_are_those_that_follow_in_some_string() -> None:
    symbols, legal, lengths = draw_strings(RandomNumbers(1), 300, None)
    checked = 0
    for text, sets, length in zip(texts(symbols), legal, lengths.tolist(), strict=True):
        for end in range(1, min(length, 8)):
            assert {SYMBOLS[i] for i in np.flatnonzero(sets[end - 1])} == next_symbols(text[:end])
            checked += 1
        assert {SYMBOLS[i] for i in np.flatnonzero(sets[length - 1])} == {"B"}
        if length > 8:  # the long-range dependency: the second symbol returns before the last one
            assert {SYMBOLS[i] for i in np.flatnonzero(sets[length - 3])} == {text[1]} == {text[length - 2]}
    assert checked > 2000


def test_a_stream_is_one_string_after_another() -> None:
    symbols, legal, lengths = draw_strings(RandomNumbers(2), 200, 101)
    assert symbols.shape == (200, 101)
    assert legal.shape == (200, 101, 7)
    assert set(lengths.tolist()) == {101}
    for text, sets in zip(texts(symbols), legal, strict=True):
        complete = re.match(rf"(?:{EMBEDDED.pattern})+", text)
        assert complete is not None
        rest = text[complete.end() :]
        assert "".join(rest) == "" or len(rest) < 60
        for position in range(100):
            assert sets[position][SYMBOLS.index(text[position + 1])]


@pytest.mark.parametrize("steps", [None, 70])
def test_the_seed_fixes_the_strings(steps: int | None) -> None:
    one, same, other = (draw_strings(RandomNumbers(seed), 40, steps)[0].tolist() for seed in (0, 0, 1))
    assert one == same != other
