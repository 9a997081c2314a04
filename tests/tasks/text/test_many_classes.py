import torch
from sklearn.metrics import f1_score

from gatebench.task import Batch
from tasks.text.many_classes import class_scores, count_classes


def test_the_scores_are_those_of_scikit_learn() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(50, 4, generator=generator)
    y = torch.randint(4, (50,), generator=generator)
    parts = [count_classes(logits[part], Batch(logits[part], y[part]), 4) for part in (slice(20), slice(20, None))]
    totals = {name: float(parts[0][name] + parts[1][name]) for name in parts[0]}
    scores = class_scores(totals, 4)
    predicted = logits.argmax(1)
    assert scores["accuracy"] == (predicted == y).double().mean().item()
    assert scores["error"] == 1 - scores["accuracy"]
    assert scores["macro_f1"] == f1_score(y, predicted, average="macro")


def test_a_class_that_is_absent_does_not_count() -> None:
    logits = torch.tensor([[1.0, 0, 0], [1.0, 0, 0]])
    totals = {
        name: float(value) for name, value in count_classes(logits, Batch(logits, torch.tensor([0, 1])), 3).items()
    }
    assert class_scores(totals, 3) == {"accuracy": 0.5, "error": 0.5, "macro_f1": (2 / 3 + 0) / 2}
