from math import inf, nan

import pytest

from gatebench.task import Metric
from gatebench.training.epochs import best_epoch, divergence, divergence_sentence

ACCURACY, NLL = Metric("accuracy", "max"), Metric("nll", "min")


def epochs(metric: Metric, *scores: float, losses: tuple[float, ...] = ()) -> list[dict[str, float]]:
    return [
        {"train/loss": loss, f"val/{metric.name}": score}
        for loss, score in zip(losses or [1.0] * len(scores), scores, strict=True)
    ]


def test_the_best_epoch_goes_by_the_direction_and_the_first_of_equals_wins() -> None:
    assert best_epoch(epochs(ACCURACY, 0.5, 0.75, 0.25, 0.75), ACCURACY) == 1
    assert best_epoch(epochs(NLL, 0.5, 0.25, 0.75, 0.25), NLL) == 1


def test_scores_that_are_equal_in_float32_are_equal_as_for_the_checkpoint() -> None:
    assert best_epoch(epochs(ACCURACY, 0.5, 0.5 + 1e-12), ACCURACY) == 0


def test_an_epoch_that_has_diverged_is_never_the_best() -> None:
    history = epochs(ACCURACY, 0.5, 0.75, nan, losses=(1.0, nan, 1.0))
    assert best_epoch(history, ACCURACY) == 0
    assert best_epoch(history[1:], ACCURACY) is None


@pytest.mark.parametrize(
    ("loss", "score", "cause"),
    [
        (1.0, 0.5, None),
        (nan, 0.5, "the training loss was nan"),
        (inf, nan, "the training loss was inf"),
        (1.0, nan, "the validation nll was nan"),
        (1.0, inf, "the validation nll was inf"),
    ],
)
def test_loss_and_validation_must_be_finite(loss: float, score: float, cause: str | None) -> None:
    assert divergence({"train/loss": loss, "val/nll": score}, NLL) == cause


def test_the_sentence_names_the_epochs_from_1() -> None:
    assert divergence_sentence(epochs(NLL, 2.0, 1.0), NLL) is None
    assert divergence_sentence(epochs(NLL, nan), NLL) == "The validation nll was nan in epoch 1."
    late = epochs(NLL, 2.0, 1.0, 1.5, nan)
    assert divergence_sentence(late, NLL, " of experience 2") == (
        "The training diverged after epoch 3: the validation nll was nan in epoch 4 of experience 2. "
        "The figures are those of epoch 2, the best one."
    )
