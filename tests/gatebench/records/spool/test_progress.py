from pathlib import Path

import pytest

from gatebench.errors import UserError
from gatebench.records.spool.journal import Journal
from gatebench.records.spool.progress import Progress, Steps


def test_steps_are_kept(tmp_path: Path) -> None:
    progress = Progress(tmp_path / "progress")
    assert progress.steps == Steps()
    progress.note(creating=True, durable=True)
    progress.note(run="r", offset=10)
    progress.note(offset=20)
    assert progress.steps == Progress(tmp_path / "progress").steps == Steps(creating=True, run="r", offset=20)


def test_a_restart_forgets_all(tmp_path: Path) -> None:
    progress = Progress(tmp_path / "progress")
    progress.note(run="r")
    progress.restart()
    assert progress.steps == Progress(tmp_path / "progress").steps == Steps()


@pytest.mark.parametrize("step", [{"run": 1}, {"offset": "1"}, {"opened": 1}, {"__class__": True}, {"other": True}])
def test_a_wrong_step_is_refused(tmp_path: Path, step: dict[str, object]) -> None:
    with Journal(tmp_path / "progress") as journal:
        journal.append(step)
    with pytest.raises(UserError, match="has a wrong step"):
        Progress(tmp_path / "progress")
