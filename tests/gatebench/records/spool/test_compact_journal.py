import base64
import zlib
from pathlib import Path

import pytest

from gatebench.errors import UserError
from gatebench.outcome import Epoch
from gatebench.records.home import Home
from gatebench.records.spool import compact_journal as module
from gatebench.records.spool.attempt_folder import AttemptFolder
from gatebench.records.spool.compact_journal import CompactJournal, Stored, write_compact_journal
from gatebench.records.spool.journal import Journal
from gatebench.records.spool.progress import Steps
from gatebench.records.spool.spool import Spool
from tests.gatebench.records.spool.attempts import FIRST, OWNER
from tests.launch.trials import outcome, trial

LSTM = trial("lstm")


@pytest.fixture
def folder(tmp_path: Path) -> AttemptFolder:
    spool = Spool(Home(tmp_path), "mine", "home")
    spool.begin(LSTM, FIRST, OWNER, 5.0)
    for epoch in range(200):
        spool.epoch(FIRST, Epoch("", epoch, 200, {f"m{n}": 0.1 * n for n in range(30)}, 1.0 + epoch))
    spool.end(FIRST, outcome(LSTM, when=300.0, files={"gates.npz": b"1"}))
    return spool.folder.attempt(FIRST)


def compact(folder: AttemptFolder) -> Path:
    ended = folder.ended()
    assert ended is not None
    done = folder.path.parents[1] / "done"
    write_compact_journal(done, folder, ended, Steps(run="r", model="m"))
    return done / FIRST


def test_the_journal_comes_back_and_takes_less_space(folder: AttemptFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PIECE", 10_000)
    path = compact(folder)
    assert b"".join(CompactJournal(path).lines()) == folder.journal.read_bytes()
    assert CompactJournal(path).end() == (folder.ended(), Stored("r", "m", None))
    assert path.stat().st_size < folder.journal.stat().st_size / 4


def test_a_damaged_journal_is_told(folder: AttemptFolder) -> None:
    path = compact(folder)
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(UserError, match="is damaged, so its trial cannot be restored"):
        CompactJournal(path).end()


@pytest.mark.parametrize(
    "lines", [1, "?", base64.b64encode(b"x").decode(), base64.b64encode(zlib.compress(bytes(20_000_000))).decode()]
)
def test_hostile_pieces_are_refused(tmp_path: Path, lines: object) -> None:
    """The last one would need 20 MB of memory."""
    with Journal(tmp_path / FIRST) as journal:
        journal.append({"kind": "packed", "lines": lines})
    with pytest.raises(UserError, match="is damaged, so its trial cannot be restored"):
        list(CompactJournal(tmp_path / FIRST).lines())
