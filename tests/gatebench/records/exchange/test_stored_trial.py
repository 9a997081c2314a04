import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebench.errors import UserError
from gatebench.outcome import Epoch
from gatebench.records.exchange.stored_trial import StoredTrial, is_kept, is_run_file
from gatebench.records.run_content import RunContent
from tests.gatebench.records.exchange.weights import small_weights
from tests.launch.trials import outcome, trial

LSTM = trial("lstm")
ENDED = outcome(LSTM, when=20.0)
STORED = StoredTrial(
    LSTM.digest,
    "0123456789ab",
    10.0,
    RunContent.of(LSTM, {}),
    (Epoch(LSTM.digest, 0, 3, {"val/loss": 0.5}, 15.0),),
    ENDED,
)
FILES = {"weights.safetensors": small_weights(), "pictures/cell.svg": b"<svg/>", "gates.npz": b""}


def content() -> dict[str, Any]:
    """Return the JSON of a trial, as an archive has it."""
    return dict(json.loads(json.dumps(STORED.to_json())))


def refusal(changed: object, files: dict[str, bytes] | None = None, digest: str = LSTM.digest) -> str:
    assert isinstance(changed, dict)
    with pytest.raises(UserError) as caught:
        StoredTrial.from_json(digest, changed, files or {})
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_trial_is_read_as_it_was_written() -> None:
    read = StoredTrial.from_json(LSTM.digest, content(), FILES)
    assert read.outcome == ENDED
    assert read.epochs == STORED.epochs
    assert read.run.tags == STORED.run.tags
    assert read.files == FILES


CHANGES: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "another digest": (lambda c: c.update(digest="0" * 16), "its digests differ"),
    "another cell": (lambda c: c["outcome"].update(cell_digest="0" * 16), "its digests differ"),
    "a path as attempt": (lambda c: c.update(attempt="../../x"), "the name of its attempt is wrong"),
    "a negative time": (lambda c: c.update(when=-1), "its times are wrong"),
    "a time without end": (lambda c: c.update(when=float("inf")), "its times are wrong"),
    "no number": (lambda c: c.update(when=float("nan")), "its times are wrong"),
    "a long tag": (lambda c: c["run"]["tags"].update(x="y" * 8001), "MLflow cannot keep 'x' of its tags"),
    "a long param": (lambda c: c["run"]["params"].update(x="y" * 6001), "MLflow cannot keep 'x' of its params"),
    "a key with a line": (lambda c: c["run"]["params"].update({"x\ny": "y"}), "MLflow cannot keep 'x\\ny'"),
    "a metric's name": (lambda c: c["outcome"]["metrics"].update({"<b>": 1}), "its metric or fact '<b>'"),
    "an epoch's name": (lambda c: c["epochs"][0]["metrics"].update({"x" * 251: 1}), "its metric or fact 'xxx"),
    "a file of the run": (lambda c: c["run"]["files"].update({"evil.html": "x"}), "other files than those of a trial"),
    "no seed": (lambda c: c["run"]["tags"].pop("seed"), "its run has no tag 'seed'"),
    "another seed": (lambda c: c["outcome"].update(seed=7), "its seeds differ"),
    "no dataset": (lambda c: c["run"].update(dataset={}), "its dataset is wrong"),
    "no epochs": (lambda c: c.pop("epochs"), "it has no list of epochs"),
    "odd epochs": (lambda c: c.update(epochs=[3]), "it lacks a part"),
    "no outcome": (lambda c: c.pop("outcome"), "it lacks a part"),
    "no run": (lambda c: c.pop("run"), "is not the start of a trial"),
    "an odd status": (lambda c: c["outcome"].update(status="great"), "wrong status"),
}


@pytest.mark.parametrize(("change", "sentence"), CHANGES.values(), ids=list(CHANGES))
def test_a_wrong_trial_is_refused(change: Callable[[dict[str, Any]], Any], sentence: str) -> None:
    changed = content()
    change(changed)
    assert sentence in refusal(changed)


@pytest.mark.parametrize(
    ("name", "file", "sentence"),
    [
        ("evil.html", b"", "is none of a trial"),
        ("pictures/../x.svg", b"", "is none of a trial"),
        ("pictures/x.svg", b"<svg><SCRIPT>alert(1)</script></svg>", "contains a program"),
        ("pictures/x.svg", b"<svg onload='alert(1)'/>", "contains a program"),
        ("pictures/x.svg", b"<svg><a href='javascript:alert(1)'/></svg>", "contains a program"),
        ("pictures/x.svg", b"<!DOCTYPE x [<!ENTITY a 'b'>]><svg/>", "contains a program"),
        ("weights.safetensors", b"", "is not a safetensors file"),
        ("weights.safetensors", b"\x80\x04cos\nsystem\n", "is not a safetensors file"),
        ("weights.safetensors", (2**63).to_bytes(8, "little") + b"{}", "is not a safetensors file"),
        ("weights.safetensors", (100_000).to_bytes(8, "little") + b"[" * 100_000, "is not a safetensors file"),
        ("weights.safetensors", small_weights()[:-1], "is not a safetensors file"),
    ],
)
def test_a_wrong_file_is_refused(name: str, file: bytes, sentence: str) -> None:
    assert sentence in refusal(content(), {name: file})


def test_another_folder_is_refused() -> None:
    assert "its digests differ" in refusal(content(), digest="f" * 16)


@given(
    st.recursive(st.none() | st.booleans() | st.floats() | st.text(max_size=5), lambda inner: st.lists(inner)),
    st.data(),
)
def test_any_value_anywhere_is_read_or_refused(value: object, data: st.DataObject) -> None:
    changed: Any = content()
    place = changed
    while isinstance(place, dict) and place:
        key = data.draw(st.sampled_from(sorted(place)))
        if not isinstance(place[key], dict) or data.draw(st.booleans()):
            place[key] = value
            break
        place = place[key]
    try:
        StoredTrial.from_json(LSTM.digest, changed, {})
    except UserError:
        return
    assert changed["digest"] == LSTM.digest


def test_the_files_of_a_trial() -> None:
    assert is_kept("gates.npz")
    assert is_kept("pictures/gates_val.svg")
    assert not is_kept("config.yaml")
    assert is_run_file("config.yaml")
    assert not is_run_file("gates.npz")
