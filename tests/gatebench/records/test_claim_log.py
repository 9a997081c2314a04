import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebench.records.claim_log import ENDS_PER_ENTRY, ClaimState, Entry, chunks

WORDS = st.lists(st.text("0123456789abcdef", min_size=1, max_size=4), max_size=4).map(tuple)
ENTRIES = st.builds(
    Entry,
    owner=st.sampled_from(["one", "two", "three"]),
    label=st.sampled_from(["", "host ü, process 1"]),
    take=WORDS,
    release=WORDS,
    give_back=WORDS,
    dead=st.lists(st.sampled_from(["one", "two", "three"]), max_size=1).map(tuple),
    number=st.integers(0, 9),
)


def after(*entries: Entry) -> ClaimState:
    state = ClaimState()
    for entry in entries:
        state.apply(entry)
    return state


@given(ENTRIES)
def test_an_entry_survives_its_text(entry: Entry) -> None:
    assert Entry.from_text(entry.to_text()) == entry


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "null", '{"number": "x"}', '{"number": []}', "\0", "[" * 100_000])
def test_a_text_that_is_no_entry_has_no_effect(text: str) -> None:
    state = after(Entry("one", take=("a",)), Entry.from_text(text))
    assert state == after(Entry("one", take=("a",)))


def test_the_first_to_claim_holds() -> None:
    state = after(Entry("one", "host", take=("a", "b")), Entry("two", take=("b", "c")))
    assert state.holders == {"a": "one", "b": "one", "c": "two"}
    assert state.held_by("one") == {"a", "b"}
    assert state.labels["one"] == "host"


def test_only_the_holder_releases() -> None:
    taken = Entry("one", take=("a", "b"))
    assert after(taken, Entry("two", release=("a",), give_back=("b",))).holders == {"a": "one", "b": "one"}
    state = after(taken, Entry("one", release=("a",), give_back=("b",)))
    assert state.holders == {}
    assert state.ended == {"a": "one"}


def test_what_a_dead_owner_held_is_free_and_it_writes_no_more() -> None:
    state = after(Entry("one", take=("a",)), Entry("two", dead=("one",)), Entry("one", take=("b",)))
    assert state.holders == {}
    assert state.dead == {"one"}


@given(st.lists(ENTRIES, max_size=12))
def test_the_snapshot_leads_to_the_same_state(entries: list[Entry]) -> None:
    state = after(*entries)
    copy = after(*state.snapshot())
    assert copy.holders == state.holders
    assert copy.dead == state.dead
    assert all(copy.labels[owner] == state.labels[owner] for owner in state.holders.values())
    for entry in state.snapshot():  # a reader of the former board reads the copy, too
        state.apply(entry)
    assert state.holders == copy.holders


def test_an_entry_fits_into_a_param() -> None:
    digests = [f"{n:016x}" for n in range(1000)]
    parts = list(chunks(digests))
    assert [digest for part in parts for digest in part] == digests
    ends = tuple(digests[:ENDS_PER_ENTRY])
    for part in parts:
        entry = Entry("f" * 15, "h" * 64 + ", process 1234567", part, ends, ends, ("f" * 15,), number=10**6)
        assert len(entry.to_text()) < 6000
