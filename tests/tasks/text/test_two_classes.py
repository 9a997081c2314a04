import pytest
import torch
from sklearn.metrics import accuracy_score, f1_score

from gatebench.task import Batch
from tasks.text.two_classes import binary_scores, count_outcomes

N = 50


def tally(answers: torch.Tensor, y: torch.Tensor) -> dict[str, float]:
    logits = torch.nn.functional.one_hot(answers, 2).float()
    return {name: value.item() for name, value in count_outcomes(logits, Batch(torch.empty(0), y)).items()}


@pytest.mark.parametrize("seed", range(5))
def test_scores_over_unequal_batches_agree_with_scikit_learn(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    answers, y = torch.randint(0, 2, (2, N), generator=generator)
    first, second = tally(answers[:13], y[:13]), tally(answers[13:], y[13:])
    scores = binary_scores({name: first[name] + second[name] for name in first})
    assert scores["accuracy"] == accuracy_score(y, answers)
    assert scores["error"] == pytest.approx(1 - accuracy_score(y, answers))
    assert scores["f1"] == pytest.approx(f1_score(y, answers))


@pytest.mark.parametrize(("answer", "truth", "f1"), [(0, 0, 0.0), (0, 1, 0.0), (1, 0, 0.0), (1, 1, 1.0)])
def test_one_class_alone(answer: int, truth: int, f1: float) -> None:
    scores = binary_scores(tally(torch.full((N,), answer), torch.full((N,), truth)))
    assert scores == {"accuracy": answer == truth, "error": answer != truth, "f1": f1}
