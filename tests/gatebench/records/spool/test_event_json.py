import json
from dataclasses import replace
from math import inf, isnan, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebench.errors import UserError
from gatebench.outcome import Epoch, Outcome
from gatebench.records.spool.event_json import epoch_json, outcome_json, read_epoch, read_outcome
from tests.launch.trials import outcome, trial

LSTM = trial("lstm")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def through_text(content: dict[str, Any]) -> dict[str, Any]:
    copy: dict[str, Any] = json.loads(json.dumps(content))
    return copy


def test_an_epoch_comes_back() -> None:
    epoch = Epoch(LSTM.digest, 3, 10, {"train/loss": 0.1 + 0.2, "gate/l0/f/tau": inf}, 1_700_000_000.25)
    assert read_epoch(through_text(epoch_json(epoch, 5.0)), LSTM.digest) == epoch
    assert isnan(read_epoch(epoch_json(replace(epoch, metrics={"a": nan}), 5.0), "").metrics["a"])


def test_an_epoch_without_a_time_gets_that_of_its_arrival() -> None:
    assert read_epoch(epoch_json(Epoch(LSTM.digest, 0, 1, {}), 5.0), LSTM.digest).when == 5.0


@pytest.mark.parametrize("status", ["finished", "diverged", "refused", "failed", "interrupted", "lost"])
def test_an_outcome_comes_back_without_its_files(status: Any) -> None:
    written = outcome(LSTM, status, facts={"backend": "native"}, when=7.5)
    read = read_outcome(through_text(outcome_json(replace(written, files={"a": b"1"}), 1.0)))
    assert read == written
    assert read.metric == written.metric
    assert vars(read.metric) == vars(written.metric)


@given(key=st.sampled_from(sorted(outcome_json(outcome(LSTM), 1.0))), value=JSON)
def test_an_outcome_with_any_wrong_part_is_refused_in_one_sentence(key: str, value: Any) -> None:
    content = {**outcome_json(outcome(LSTM), 1.0), key: value}
    try:
        assert isinstance(read_outcome(content), Outcome)
    except UserError as error:
        assert str(error).startswith("A record of the spool has a wrong ")
        assert str(error).count("\n") == 0


@given(content=st.dictionaries(st.sampled_from(["epoch", "total", "when", "metrics"]), JSON))
def test_an_epoch_with_any_wrong_part_is_refused_in_one_sentence(content: dict[str, Any]) -> None:
    try:
        assert isinstance(read_epoch(content, LSTM.digest), Epoch)
    except UserError as error:
        assert str(error).startswith("A record of the spool has a wrong ")
