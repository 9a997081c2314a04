from pathlib import Path

import pytest
import torch

from gatebench.errors import UserError
from gatebench.own_input import OwnInput
from gatebench.training import run_trial
from gatebench.trial import Model, Training, Trial
from gatebench.views import Words
from tasks.data.files import MissingFile
from tasks.text.summaries import Summaries
from tests.tasks.text.small_articles import small_articles, write_small_articles


@pytest.fixture
def task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Summaries:
    write_small_articles(tmp_path, monkeypatch)
    return Summaries(str(tmp_path / "news"), embedding=8, test=0.2)


def test_parts_have_their_shares_and_no_text_in_common(task: Summaries, tmp_path: Path) -> None:
    for number in range(1, 5):  # copies of an article
        for kind, text in zip(("articles", "summaries"), small_articles()["sport/000.txt"], strict=True):
            (tmp_path / "news" / kind / "sport" / f"copy{number}.txt").write_text(text.replace("Title", "New"))
    parts = task._parts(tmp_path)
    assert sum(map(len, parts)) == 64
    texts = [{article.sentences for article in part} for part in parts]
    assert not texts[0] & (texts[1] | texts[2])
    assert not texts[1] & texts[2]
    assert [article.topic for article in parts[1]].count("sport") == 3
    limited = Summaries(task.path, limit=20)._parts(tmp_path)
    assert sum(map(len, limited)) == 20


def test_simple_methods_have_their_order(task: Summaries, tmp_path: Path) -> None:
    scores = task.load(tmp_path).baselines()
    assert scores.keys() == {"random", "lead", "centroid", "oracle"}
    assert scores["oracle"] > 0.9
    assert max(scores["random"], scores["lead"], scores["centroid"]) < 0.7


def test_a_trial_learns_which_sentences_are_important(task: Summaries, tmp_path: Path) -> None:
    config = {"_target_": "tasks.text.summaries.Summaries", **task.parameters(), "path": task.path}
    training = Training(max_epochs=5, batch_size=4, learning_rate=0.02)
    trial = Trial({"name": "gru", "base": "gru"}, config, Model(8, bidirectional=True), training)
    outcome = run_trial(trial, home=tmp_path, data_root=tmp_path, emit=lambda epoch: None)
    assert outcome.status == "finished"
    assert outcome.metrics["test/rouge2"] > 0.85
    assert outcome.facts["layers"] == "l0 sentence, l1 document"
    *simple, network = outcome.files["outputs/scores.txt"].decode().split("\n")
    assert [line.split(":")[0] for line in simple] == ["random", "lead", "centroid", "oracle"]
    names = ("rouge1", "rouge2", "rougel")
    written = ", ".join(f"{name.replace('l', 'L')} {outcome.metrics[f'test/{name}']:.4f}" for name in names)
    assert network == f"network: {written}"
    assert outcome.files["outputs/summaries.txt"].decode().count("reference:") == len(task._parts(tmp_path)[2])


def test_long_articles_are_cut_at_sentences(task: Summaries, tmp_path: Path) -> None:
    cut = Summaries(task.path, longest=15, longest_sentence=4)
    batch = cut.load(tmp_path).train.batch(torch.arange(5))
    assert batch.lengths is not None
    assert batch.lengths.max() <= 15
    assert ((batch.x == 1).sum(0) == (batch.y > 0).sum(0)).all()
    assert (batch.x[:4] == 1).sum(0).tolist() == [1] * 5


def test_a_text_of_the_user_is_shown_by_part(task: Summaries, tmp_path: Path) -> None:
    problem = task.load(tmp_path)
    example = task.own_example(problem, OwnInput("Breaking market rose. Also, the team won today."), tmp_path)
    assert example.batch.x.shape == (13, 1)
    assert example.part_views["document"] == Words(("breaking market rose", "also , the"))
    assert example.part_views["sentence"] == Words(("also", ",", "the", "team", "won", "today", ".", "¶"))
    with pytest.raises(UserError, match="Your text has no sentence"):
        task.own_example(problem, OwnInput("…"), tmp_path)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"path": ""}, "task.path is ''; it must be the name of a folder, or null"),
        ({"has_title": 1}, "has_title"),
        ({"share": 0}, "share"),
        ({"test": 0.6}, "test"),
        ({"limit": 2}, "limit"),
        ({"longest": 0}, "longest"),
    ],
)
def test_wrong_parameters_are_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        Summaries(**fields)  # type: ignore[arg-type]


def test_missing_and_poor_data_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MissingFile, match=r"There is no bbc_news_summary\.tar\.xz in any of"):
        Summaries().check_files(tmp_path)
    write_small_articles(tmp_path, monkeypatch, count=2)
    poor = Summaries(str(tmp_path / "news"))
    poor.check_files(tmp_path)
    assert poor.parameters()["path"] == "news"
    assert poor.checksums().keys() == {"news"}
    with pytest.raises(UserError, match="has 2 articles, of which 2 differ; each of the three parts needs one"):
        poor.load(tmp_path)
