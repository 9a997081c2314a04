import json
import re
from dataclasses import replace
from math import inf, isnan, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebench.outcome import Epoch
from gatebench.records.spool.event_json import epoch_json, outcome_json, read_epoch, read_outcome
from tests.gatebench.records.spool.attempts import message_of
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
    assert re.fullmatch(r"(A record of the spool has a wrong .+\.)?", message_of(lambda: read_outcome(content)))


@given(content=st.dictionaries(st.sampled_from(["epoch", "total", "when", "metrics"]), JSON))
def test_an_epoch_with_any_wrong_part_is_refused_in_one_sentence(content: dict[str, Any]) -> None:
    assert re.fullmatch(r"(A record of the spool has a wrong .+\.)?", message_of(lambda: read_epoch(content, "")))
