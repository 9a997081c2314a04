"""One trial over a stream of experiences: each is learnt in its turn, and what came before is not seen again."""

import time
from collections.abc import Callable
from dataclasses import replace
from math import isfinite
from pathlib import Path

from gatebench.measures.continual_learning import average_accuracy, backward_transfer, forgetting
from gatebench.outcome import Epoch, Outcome
from gatebench.task import Problem, Stream
from gatebench.training.data_module import SplitsDataModule
from gatebench.training.learner import Learner
from gatebench.training.lightning_output import interruptible, quiet
from gatebench.training.outcome_figures import best_epoch, sizes
from gatebench.training.trainer import make_trainer, restore


def run_stream(
    outcome: Outcome, learner: Learner, stream: Stream, folder: Path, emit: Callable[[Epoch], None]
) -> Outcome:
    """Train one network on the experiences of a stream, one after another, and test it on all of them after each.

    For each experience training is what it is for a whole task: so many epochs, with early stopping and the best
    weights by its own validation part, and an optimiser that starts anew. Nothing is replayed or held fast.

    Args:
        outcome: without figures.
        learner: the network, untrained.
        stream: the experiences.
        folder: where the best weights of each experience are kept.
        emit: is given every epoch's metrics; epochs are counted through all experiences.

    Returns:
        The outcome, with "matrix/i/j", the score on experience j after experience i, both from 1, and what follows from
        it; or diverged, with the epoch and the experience at which the loss stopped being a number.
    """
    began, epochs, matrix = time.perf_counter(), 0, []
    spent, facts = dict(outcome.metrics), dict(outcome.facts)
    for number, experience in enumerate(stream.experiences, start=1):
        _learn(learner, experience, stream, number, folder, emit)
        epochs += len(learner.history)
        spent = {**outcome.metrics, "seconds": time.perf_counter() - began, "epochs": float(epochs)}
        facts["backend"] = "+".join(learner.network.recurrent.backends_used)
        if not isfinite(loss := learner.history[-1]["train/loss"]):
            sentence = f"The training loss was {loss} in epoch {len(learner.history)} of experience {number}."
            return replace(outcome, status="diverged", sentence=sentence, metrics=spent, facts=facts)
        matrix.append([_score(learner, other, stream) for other in stream.experiences])
    gates = {name: value for name, value in best_epoch(learner, stream.metric).items() if name.startswith("gate/")}
    return replace(outcome, metrics={**_figures(matrix), **gates, **sizes(learner), **spent}, facts=facts)


def _learn(
    learner: Learner, experience: Problem, stream: Stream, number: int, folder: Path, emit: Callable[[Epoch], None]
) -> None:
    """Train on one experience; afterwards the learner has its best weights, and its epochs as its history."""
    trial, before = learner.trial, number - 1
    epochs = trial.training.max_epochs

    def tell(epoch: Epoch) -> None:
        metrics = {**epoch.metrics, "train/experience": float(number)}
        total = epochs * len(stream.experiences)
        emit(replace(epoch, epoch=epoch.epoch + before * epochs, total=total, metrics=metrics))

    learner.problem, learner.history = experience, []
    with quiet(), interruptible():
        trainer, best = make_trainer(trial, stream.metric, folder / f"experience_{number}", tell)
        trainer.fit(learner, datamodule=SplitsDataModule(experience, trial.training.batch_size, trial.seed))
    if isfinite(learner.history[-1]["train/loss"]):
        restore(learner, best)


def _score(learner: Learner, experience: Problem, stream: Stream) -> float:
    """Return the test score on an experience."""
    learner.problem = experience
    with quiet(), interruptible():
        trainer, _ = make_trainer(learner.trial, stream.metric, Path(), lambda _: None)
        trainer.test(
            learner,
            datamodule=SplitsDataModule(experience, learner.trial.training.batch_size, learner.trial.seed),
            verbose=False,
        )
    return learner.test_scores[f"test/{stream.metric.name}"]


def _figures(matrix: list[list[float]]) -> dict[str, float]:
    cells = {f"matrix/{i}/{j}": value for i, row in enumerate(matrix, 1) for j, value in enumerate(row, 1)}
    return {
        "test/average_accuracy": average_accuracy(matrix),
        "test/backward_transfer": backward_transfer(matrix),
        "test/forgetting": forgetting(matrix),
        **cells,
    }
