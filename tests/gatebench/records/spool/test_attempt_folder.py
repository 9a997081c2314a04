import re
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebench.errors import UserError
from gatebench.records.spool.attempt_folder import AttemptFolder, Ended, KeptFile, check_file_name
from tests.gatebench.records.spool.attempts import FIRST, message_of
from tests.gatebench.records.spool.test_event_json import JSON
from tests.launch.trials import outcome, trial

LSTM = trial("lstm")
FILES = {"gates.npz": b"\x00PK", "pictures/curves.svg": b"<svg/>"}
ENDED = Ended(outcome(LSTM, when=1.0), 100, (KeptFile("a", 1, "00"),))


@pytest.fixture
def folder(tmp_path: Path) -> AttemptFolder:
    (tmp_path / FIRST).mkdir()
    attempt = AttemptFolder(tmp_path / FIRST)
    attempt.journal.touch()
    attempt.end(outcome(LSTM, when=1.0, files=FILES), 0)
    return attempt


def test_the_files_of_an_outcome_come_back(folder: AttemptFolder) -> None:
    ended = folder.ended()
    assert ended is not None
    assert {kept.name: folder.file(n, kept) for n, kept in enumerate(ended.files)} == FILES


def test_files_that_are_damaged_cut_or_missing_are_told(folder: AttemptFolder) -> None:
    ended = folder.ended()
    assert ended is not None
    path = folder.path / "files" / "0"
    path.write_bytes(b"\x00PX")
    with pytest.raises(UserError, match=r"'gates.npz' of the attempt 00000000000a in the spool is damaged"):
        folder.file(0, ended.files[0])
    path.write_bytes(b"\x00")
    with pytest.raises(UserError, match="wrong size"):
        folder.file(0, ended.files[0])
    path.unlink()
    with pytest.raises(UserError, match="No such file"):
        folder.file(0, ended.files[0])
    path.symlink_to(folder.path / "outcome")
    with pytest.raises(UserError, match="wrong size"):
        folder.file(0, ended.files[0])


@pytest.mark.parametrize("name", ["", "/etc/passwd", "../x", "a/../../x", "a\\b", "a\nb"])
def test_names_that_lead_elsewhere_are_refused(name: str) -> None:
    with pytest.raises(UserError, match="is not the name of a file of a run"):
        check_file_name(name)


@given(key=st.sampled_from(sorted(ENDED.to_json())), value=JSON)
def test_an_end_with_any_wrong_part_is_refused_in_one_sentence(key: str, value: Any) -> None:
    message = message_of(lambda: Ended.from_json({**ENDED.to_json(), key: value}))
    assert re.fullmatch(r"(A record of the spool .+\.)?", message)


@given(value=JSON)
def test_an_end_with_any_wrong_file_is_refused_in_one_sentence(value: Any) -> None:
    for file in (value, {"name": value, "size": 1, "sha256": ""}, {"name": "a", "size": value, "sha256": value}):
        content = {**ENDED.to_json(), "files": [file]}
        message = message_of(partial(Ended.from_json, content))
        assert re.fullmatch(r"((A record of the spool|.* is not the name) .+\.)?", message)
