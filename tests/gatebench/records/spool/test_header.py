import json
import re
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebench.errors import UserError
from gatebench.records.run_content import RunContent
from gatebench.records.spool.header import Header, check_attempt, is_attempt
from tests.gatebench.records.spool.attempts import message_of
from tests.gatebench.records.spool.test_event_json import JSON
from tests.launch.trials import outcome, trial

LSTM = trial("lstm")
HEADER = Header(
    "mine", "home", LSTM.digest, "0123456789ab", "owner", "host", 12, 5.0, False, RunContent.of(LSTM, {"attempt": "0"})
)


def test_a_header_comes_back() -> None:
    content = json.loads(json.dumps(HEADER.to_json()))
    assert asdict(Header.from_json(content)) == json.loads(json.dumps(asdict(HEADER)))


def test_an_outcome_can_be_made_from_the_header_alone() -> None:
    lost = HEADER.outcome("lost", "It died.", 9.0)
    assert lost == outcome(LSTM, "lost", sentence="It died.", when=9.0)


@given(key=st.sampled_from(sorted(HEADER.to_json())), value=JSON)
def test_a_header_with_any_wrong_part_is_refused_in_one_sentence(key: str, value: Any) -> None:
    message = message_of(lambda: Header.from_json({**HEADER.to_json(), key: value}))
    assert re.fullmatch(r"(A .*journal.*|A record of the spool .*\.)?", message)


@pytest.mark.parametrize("version", [0, 2, "1", None])
def test_another_version_is_refused(version: object) -> None:
    with pytest.raises(UserError, match="this gatebench reads version 1"):
        Header.from_json({**HEADER.to_json(), "version": version})


@pytest.mark.parametrize("name", ["", "..", "../../etc", "0123456789aB", "0" * 41, "01234567/x", "0123456\n"])
def test_only_hex_digits_name_an_attempt(name: str) -> None:
    assert not is_attempt(name)
    with pytest.raises(ValueError, match="not the name of an attempt"):
        check_attempt(name)
    with pytest.raises(UserError):
        Header.from_json({**HEADER.to_json(), "attempt": name})
