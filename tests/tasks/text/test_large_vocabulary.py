from pathlib import Path

import pytest
import torch

from gatebench.task import Problem
from gatebench.training.batches import Batches
from gatebench.training.evaluation import Evaluation
from gatebench.training.gradient_lag import gradient_over_lag
from gatebench.training.network import Network
from gatebench.trial import Model, Trial
from tasks.text import chunked_cross_entropy
from tasks.text.translation import Translation
from tasks.text.words import NextWord
from tests.tasks.text.small_pairs import write_small_pairs
from tests.tasks.text.small_text import write_small_text

TRIAL = Trial({"name": "gru", "base": "gru"}, {}, Model(4, num_layers=2))


def problems(task: NextWord | Translation, root: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Problem, Problem]:
    """Return the problem with the plain cross-entropy, and with that in chunks."""
    plain = task.load(root)
    monkeypatch.setattr(chunked_cross_entropy, "LARGE", 10)
    monkeypatch.setattr(chunked_cross_entropy, "CHUNK", 1000)
    return plain, task.load(root)


def network(problem: Problem) -> Network:
    torch.manual_seed(0)
    problem.encoder.weight.data.normal_()  # type: ignore[operator]
    return Network(problem, TRIAL).double()


@pytest.mark.parametrize("kind", ["words", "translation"])
def test_a_task_has_the_same_loss_scores_and_gradients_in_chunks(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task: NextWord | Translation
    if kind == "words":
        write_small_text(tmp_path, monkeypatch)
        task = NextWord(str(tmp_path / "text.txt"), embedding=3, carry_state=True, test=0.2)
    else:
        write_small_pairs(tmp_path, monkeypatch, 60)
        paths = (str(tmp_path / name) for name in ("read.txt", "written.txt"))
        task = Translation(source_path=next(paths), target_path=next(paths), vocabulary=300, embedding=3)
    plain, chunked = problems(task, tmp_path, monkeypatch)
    assert not plain.reads_scores
    assert chunked.reads_scores
    results = []
    for problem in (plain, chunked):
        built = network(problem)
        batch = next(iter(Batches(problem.train, 5, 0)))
        loss = problem.loss(built(batch, for_loss=True), batch)
        gradients = torch.autograd.grad(loss, list(built.parameters()))
        assert built(batch).shape[-1] > 3  # logits
        evaluation = Evaluation(problem, None)
        with torch.no_grad():
            evaluation.add(built.eval(), batch)
            traced, _ = built.forward_with_gates(batch, for_loss=True)
            assert torch.equal(traced, built(batch, for_loss=True))
        results.append((loss.detach(), gradients, evaluation.scores()))
    (loss, gradients, scores), (other, others, same) = results
    torch.testing.assert_close(loss, other, rtol=1e-12, atol=0)
    assert scores == pytest.approx(same, rel=1e-12)
    for one, two in zip(gradients, others, strict=True):
        torch.testing.assert_close(one, two, rtol=1e-9, atol=1e-13)


def test_the_gradient_over_the_lag_is_that_of_the_plain_head(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_small_text(tmp_path, monkeypatch)
    task = NextWord(str(tmp_path / "text.txt"), embedding=3, evaluation_length=20)
    found = [gradient_over_lag(network(one), one).norm for one in problems(task, tmp_path, monkeypatch)]
    torch.testing.assert_close(*found)
