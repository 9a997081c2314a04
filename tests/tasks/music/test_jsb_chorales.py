import math
from pathlib import Path

import pytest

from gatebench.errors import UserError
from gatebench.task import Problem
from tasks.data.files import MissingFile, find_file
from tasks.music.jsb_chorales import JsbChorales
from tasks.music.muse_data import MuseData
from tasks.music.nottingham import Nottingham
from tasks.music.piano_midi import PianoMidi
from tasks.music.piano_rolls import FOLDERS, SOURCE_URL
from tests.tasks.music.small_music import write_small_music
from tests.tasks.real_data import data_root, skipping_without_files

TASKS = (JsbChorales, Nottingham, MuseData, PianoMidi)


@pytest.mark.parametrize("kind", TASKS)
def test_each_task_reads_its_own_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type[JsbChorales]) -> None:
    with pytest.raises(MissingFile, match=kind.rolls.name):
        kind().load(tmp_path)
    write_small_music(tmp_path, monkeypatch)
    (file,) = kind().checksums()
    for other in (tmp_path / "polymusic").iterdir():
        if other.name != file:
            other.unlink()
    problem = kind().load(tmp_path)
    assert (len(problem.train), problem.steps, problem.input_size) == (40, 19, 88)


def test_no_two_tasks_read_the_same() -> None:
    assert len({checksum for kind in TASKS for checksum in kind().checksums().values()}) == len(TASKS)


def test_stretches_bound_the_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_small_music(tmp_path, monkeypatch)
    problem = JsbChorales(stretch=5).load(tmp_path)
    assert problem.steps == 5
    assert len(problem.train) > 40


@pytest.mark.parametrize("stretch", [0, -1, 2.0, True, "5"])
def test_impossible_stretches_are_refused(stretch: int) -> None:
    with pytest.raises(UserError, match=r"^task\.stretch is .*; it must be a whole number of at least 1\.$"):
        JsbChorales(stretch=stretch)


@pytest.fixture(scope="module", params=[JsbChorales, PianoMidi])
def real(request: pytest.FixtureRequest) -> tuple[JsbChorales, Problem]:
    task: JsbChorales = request.param()
    with skipping_without_files():
        find_file(data_root(), FOLDERS, (task.rolls.name,), SOURCE_URL)
    return task, task.load(data_root())


def test_real_files_have_the_published_counts(real: tuple[JsbChorales, Problem]) -> None:
    task, problem = real
    counts = f"{len(problem.train)} / {len(problem.val)} / {len(problem.test)}"
    assert task.protocol.startswith(counts)
    size = task.size()
    assert size is not None
    assert (size.examples, size.steps, size.inputs) == (len(problem.train), problem.steps, 88)


def test_real_baselines(real: tuple[JsbChorales, Problem]) -> None:
    task, problem = real
    scores = problem.baselines()
    expected = {
        "jsb_chorales": {"marginal": 11.0923, "repeat-last": 13.7086},
        "piano_midi": {"marginal": 11.0518, "repeat-last": 9.2325},
    }[task.name]
    assert scores == pytest.approx(expected, abs=1e-3)
    assert max(scores.values()) < task.chance == pytest.approx(88 * math.log(2))
