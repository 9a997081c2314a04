import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from gatebench.control import Control
from gatebench.errors import UserError
from gatebench.own_input import OwnInput
from gatebench.task import Problem
from gatebench.training import run_trial
from gatebench.trial import Model, Training, Trial
from tasks.data.files import MissingFile
from tasks.text.translation import Translation
from tests.gatebench.training.checkpoint.trials import bits, run
from tests.tasks.text.small_pairs import write_small_pairs


@pytest.fixture
def task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Translation:
    write_small_pairs(tmp_path, monkeypatch)
    source, target = (str(tmp_path / name) for name in ("read.txt", "written.txt"))
    return Translation(source_path=source, target_path=target, vocabulary=300, embedding=8)


def lengths(problem: Problem) -> list[int]:
    return [len(split) for split in (problem.train, problem.val, problem.test)]


def test_the_users_pairs_are_split_in_their_order(task: Translation, tmp_path: Path) -> None:
    problem = task.load(tmp_path)
    assert lengths(problem) == [320, 40, 40]
    assert task.chance == math.log(300)
    assert task.parameters()["source_path"] == "read.txt"
    assert task.checksums().keys() == {"read.txt", "written.txt"}
    unigram, trigram = problem.baselines().values()
    assert trigram < unigram < task.chance


def test_the_chance_is_that_of_the_subwords_that_the_pairs_have(task: Translation, tmp_path: Path) -> None:
    large = replace(task, vocabulary=5000)
    symbols = len(large._subwords(large._pairs(tmp_path)[0])[1])
    assert symbols < 5000
    assert large.chance == math.log(symbols)
    assert Translation().chance == math.log(4000)
    (tmp_path / "written.txt").write_text("Ein Baum.\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"written\.txt"):
        assert replace(task).chance


def test_a_trial_has_the_scores_and_the_gates_of_both_parts(task: Translation, tmp_path: Path) -> None:
    config = {"_target_": "tasks.text.translation.Translation", **task.parameters()}
    config |= {"source_path": task.source_path, "target_path": task.target_path, "beam": 2, "longest": 12}
    trial = Trial({"name": "lstm", "base": "lstm"}, config, Model(8), Training(max_epochs=1, batch_size=64))
    outcome = run_trial(trial, home=tmp_path, data_root=tmp_path, emit=lambda epoch: None)
    assert outcome.status == "finished"
    assert 0 <= outcome.metrics["test/bleu"] <= 100
    assert outcome.facts["layers"] == "l0 encoder, l1 decoder"
    assert {"gate/l0/keep/f/mean", "gate/l1/keep/f/mean"} <= outcome.metrics.keys()
    assert outcome.files["outputs/translations.tsv"].decode().count("\n") == 40
    assert outcome.files["outputs/scores.txt"].decode().startswith("network: BLEU ")


def test_settings_of_one_stack_of_layers_are_refused(task: Translation, tmp_path: Path) -> None:
    config = {"_target_": "tasks.text.translation.Translation", **task.parameters()}
    config |= {"source_path": task.source_path, "target_path": task.target_path}
    trial = Trial({"name": "lstm", "base": "lstm"}, config, Model(8), Training(max_epochs=1, tbptt=3))
    with pytest.raises(UserError, match=r"tbptt is 3, and the network of translation has several recurrent parts"):
        run_trial(trial, home=tmp_path, data_root=tmp_path, emit=lambda epoch: None)


def test_a_sentence_of_the_user_is_read(task: Translation, tmp_path: Path) -> None:
    problem = task.load(tmp_path)
    example = task.own_example(problem, OwnInput("a green tree"), tmp_path)
    assert "".join(example.view.words).replace(" ", "") == "agreentree"  # type: ignore[union-attr]
    assert example.batch.lengths is not None
    assert example.batch.lengths.tolist() == [len(example.batch.x)]
    with pytest.raises(UserError, match="Your text has no word"):
        task.own_example(problem, OwnInput("  "), tmp_path)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"target": "en"}, "task.target is 'en'; it must be another language than task.source=en"),
        ({"source": "dee"}, "did you mean 'de'"),
        ({"source_path": "a.txt"}, "give both, or none"),
        ({"source_path": "", "target_path": ""}, "the name of a text file, or null"),
        ({"attention": "luong"}, "attention"),
        ({"vocabulary": 100}, "vocabulary"),
        ({"beam": 0}, "beam"),
        ({"limit": 0}, "limit"),
    ],
)
def test_wrong_parameters_are_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        Translation(**fields)  # type: ignore[arg-type]


def test_missing_and_short_files_are_told(tmp_path: Path) -> None:
    with pytest.raises(MissingFile, match=r"There is no train\.en\.gz in any of"):
        Translation().check_files(tmp_path)
    with pytest.raises(MissingFile, match=r"There is no file .*, which task\.source_path names"):
        Translation(source_path=str(tmp_path / "no"), target_path=str(tmp_path / "no")).check_files(tmp_path)
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text("one\n" * 9, encoding="utf-8")
    short = Translation(source_path=str(tmp_path / "a.txt"), target_path=str(tmp_path / "b.txt"))
    with pytest.raises(UserError, match="have 9 pairs; at least 10 are needed"):
        short.load(tmp_path)


def test_the_network_has_no_head(task: Translation, tmp_path: Path) -> None:
    problem = task.load(tmp_path)
    with pytest.raises(UserError, match="and no head"):
        problem.head(4, 1)
    assert torch.equal(problem.test.batch(torch.tensor([0])).x, task.example(problem, 0, tmp_path).batch.x)


def test_a_trial_that_was_killed_continues_with_the_same_bits(task: Translation, tmp_path: Path) -> None:
    config = {"_target_": "tasks.text.translation.Translation", **task.parameters(), "attention": "additive"}
    config |= {"source_path": task.source_path, "target_path": task.target_path, "longest": 12}
    model, training = Model(4, dropout=0.3, bidirectional=True), Training(max_epochs=2, batch_size=160)
    trial = Trial({"name": "gru", "base": "gru"}, config, model, training)
    saved: list[bytes] = []
    undisturbed = bits(*run(trial, tmp_path, Control(save=saved.append, save_seconds=0)))
    for content in (saved[1], saved[len(saved) // 2], saved[-1]):
        torch.rand(3)
        assert bits(*run(trial, tmp_path, Control(content))) == undisturbed
