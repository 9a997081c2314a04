import hashlib
from collections import Counter

import pytest

from tasks.speech.speakers import PARTS, hashed_part, is_held_out, listed_part, percentage, speaker_of
from tests.tasks.real_data import data_root

MANY = [f"go/{i:08x}_nohash_0.wav" for i in range(4000)]


def test_a_speaker_is_the_text_before_nohash() -> None:
    assert speaker_of("happy/3cfc6b3a_nohash_2.wav") == "3cfc6b3a"
    assert speaker_of("3cfc6b3a_nohash_11.wav") == "3cfc6b3a"
    assert speaker_of("happy/plain.wav") == "plain.wav"


@pytest.mark.parametrize("name", MANY[:50])
def test_the_hash_is_the_one_of_the_official_readme(name: str) -> None:
    MAX_NUM_WAVS_PER_CLASS = 2**27 - 1
    number = int(hashlib.sha1(name.split("/")[1].split("_nohash_")[0].encode()).hexdigest(), 16)
    share = (number % (MAX_NUM_WAVS_PER_CLASS + 1)) * (100.0 / MAX_NUM_WAVS_PER_CLASS)
    assert percentage(speaker_of(name)) == share
    assert hashed_part(name) == ("validation" if share < 10 else "testing" if share < 20 else "training")


def test_a_tenth_is_for_validation_and_a_tenth_for_testing() -> None:
    counts = Counter(hashed_part(name) for name in MANY)
    assert set(counts) == set(PARTS)
    assert counts["validation"] == pytest.approx(400, abs=80)
    assert counts["testing"] == pytest.approx(400, abs=80)


def test_a_clip_in_neither_list_is_for_training() -> None:
    lists = {"validation": frozenset(["go/a.wav"]), "testing": frozenset(["go/b.wav"])}
    assert [listed_part(f"go/{name}.wav", lists) for name in "abc"] == ["validation", "testing", "training"]


def test_a_tenth_of_the_speakers_is_held_out() -> None:
    held_out = {name for name in MANY if is_held_out(name, 0)}
    assert len(held_out) == pytest.approx(400, abs=80)
    assert held_out == {name for name in MANY if is_held_out(name.replace("go/", "up/").replace("_0", "_3"), 0)}
    assert len(held_out & {name for name in MANY if is_held_out(name, 1)}) < 100  # 40 expected


@pytest.mark.parametrize(("part", "count"), [("validation", 6798), ("testing", 6835)])
def test_the_hash_agrees_with_the_official_lists(part: str, count: int) -> None:
    path = data_root() / "speech_commands_v0.01_subset" / f"{part}_list.txt"
    if not path.exists():
        pytest.skip(f"There is no {path}.")
    names = path.read_text(encoding="ascii").split()
    assert len(names) == count
    assert {hashed_part(name) for name in names} == {part}
