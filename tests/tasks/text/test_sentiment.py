from tasks.text.sst2 import Sst2
from tasks.text.two_classes import binary_scores, count_outcomes


def test_class_1_is_positive() -> None:
    task = Sst2()
    assert task.answers == ("negative", "positive")
    assert task.measures() == (count_outcomes, binary_scores)
    assert [metric.name for metric in task.metrics] == ["accuracy", "error", "f1"]
