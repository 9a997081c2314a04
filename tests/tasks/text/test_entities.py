from pathlib import Path

import pytest

from gatebench.errors import UserError
from gatebench.own_input import OwnInput
from gatebench.task import Problem, Size
from gatebench.training import run_trial
from gatebench.trial import Model, Training, Trial
from tasks.data.files import MissingFile
from tasks.text.entities import Entities
from tests.tasks.text.small_tagged import write_small_tagged


@pytest.fixture
def task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Entities:
    write_small_tagged(tmp_path, monkeypatch)
    return Entities(path=str(tmp_path / "tagged.conll"), embedding=8)


def lengths(problem: Problem) -> list[int]:
    return [len(split) for split in (problem.train, problem.val, problem.test)]


def test_whole_documents_are_drawn(task: Entities, tmp_path: Path) -> None:
    problem = task.load(tmp_path)
    assert lengths(problem) == [64 * 3, 8 * 3, 8 * 3]
    numbers = [int(sentence.words[0]) for sentence in task._sentences(tmp_path)[2]]
    assert numbers == [first + n for first in numbers[::3] for n in range(3)]
    assert all(first % 3 == 0 for first in numbers[::3])
    nothing, dictionary, window = problem.baselines().values()
    assert nothing == 0
    assert 0.7 < dictionary < 1
    assert 0.7 < window < 1


def test_the_parts_may_be_files(task: Entities, tmp_path: Path) -> None:
    (tmp_path / "test").mkdir()
    (tmp_path / "test" / "tagged.conll").write_text("Anna N B-person\n\nOslo N B-place\n", encoding="utf-8")
    both = Entities(task.path, test_path=str(tmp_path / "test" / "tagged.conll"), validation=0.25)
    assert lengths(both.load(tmp_path)) == [60 * 3, 20 * 3, 2]
    assert both.parameters()["test_path"] == "tagged.conll"
    assert both.checksums().keys() == {"path/tagged.conll", "test_path/tagged.conll"}
    assert Entities().size() == Size(3394, 41, 100)
    assert both.size() is None


def test_a_trial_has_the_scores_and_the_tags(task: Entities, tmp_path: Path) -> None:
    config = {"_target_": "tasks.text.entities.Entities", **task.parameters(), "path": task.path}
    training = Training(max_epochs=2, batch_size=8, learning_rate=0.03)
    trial = Trial({"name": "lstm", "base": "lstm"}, config, Model(8, bidirectional=True), training)
    outcome = run_trial(trial, home=tmp_path, data_root=tmp_path, emit=lambda epoch: None)
    assert outcome.status == "finished"
    assert outcome.metrics["test/f1"] > 0.3
    report = outcome.files["outputs/scores.txt"].decode()
    assert report.startswith(
        f"network: F1 {outcome.metrics['test/f1']:.4f}, surface F1 {outcome.metrics['test/surface_f1']:.4f}\n"
    )
    first = outcome.files["outputs/entities.tsv"].decode().split("\n\n")[0].split("\n")
    words = task._sentences(tmp_path)[2][0].words
    assert [line.split("\t")[0] for line in first] == list(words)


def test_a_sentence_of_the_user_is_read(task: Entities, tmp_path: Path) -> None:
    problem = task.load(tmp_path)
    example = task.own_example(problem, OwnInput("Anna met Zoe"), tmp_path)
    assert example.view.words == ("Anna", "met", "Zoe")  # type: ignore[union-attr]
    assert problem.encoder(example.batch.x).shape == (3, 1, 8)
    with pytest.raises(UserError, match="Your text has no word"):
        task.own_example(problem, OwnInput(" "), tmp_path)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"path": ""}, "task.path is ''; it must be the name of a file, or null"),
        ({"test_path": "a"}, "task.path is null; with task.val_path or task.test_path"),
        ({"validation": 0.6}, "validation"),
        ({"embedding_dropout": 1}, "embedding_dropout"),
        ({"buckets": -1}, "buckets"),
        ({"least_count": 0}, "least_count"),
        ({"column": True}, "column"),
    ],
)
def test_wrong_parameters_are_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        Entities(**fields)  # type: ignore[arg-type]


def test_missing_and_poor_files_are_told(tmp_path: Path) -> None:
    with pytest.raises(MissingFile, match=r"There is no wnut17train\.conll in any of"):
        Entities().check_files(tmp_path)
    file = tmp_path / "a.conll"
    with pytest.raises(MissingFile, match="There is no file"):
        Entities(str(file)).check_files(tmp_path)
    file.write_text("a O\n\nb O", encoding="utf-8")
    with pytest.raises(UserError, match="has too few documents, 2, for 3 parts"):
        Entities(str(file)).load(tmp_path)
    with pytest.raises(UserError, match="has too few documents, 2, for 3 parts"):
        Entities(str(file)).check_files(tmp_path)
    file.write_text("a O\n\nb O\n\nc O", encoding="utf-8")
    with pytest.raises(UserError, match="The training part has no entity: each of its 1 sentences has only tags O"):
        Entities(str(file)).load(tmp_path)
