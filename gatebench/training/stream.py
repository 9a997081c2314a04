"""One trial on a stream of experiences: the network learns them one after another, each once."""

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
from gatebench.training.outcome_metrics import best_epoch_metrics, parameter_counts
from gatebench.training.trainer import load_best_weights, make_trainer


def run_stream(
    outcome: Outcome, learner: Learner, stream: Stream, folder: Path, emit: Callable[[Epoch], None]
) -> Outcome:
    """Train one network on the experiences of a stream, one after another, and test it on all of them after each.

    Each experience is trained like a whole task: with the same number of epochs, early stopping and best weights by
    its own validation split, and a new optimiser. There is no replay, and no weight is frozen.

    Args:
        outcome: the outcome before training.
        learner: the network, untrained.
        stream: the experiences.
        folder: the folder for the best weights of each experience.
        emit: the function that receives every epoch's metrics. Epochs are counted through all experiences.

    Returns:
        The outcome, with "matrix/i/j", the score on experience j after training on experience i, both from 1, and the
        metrics of continual learning that follow from it. If the training diverged, the outcome names the epoch and
        the experience at which the loss was not finite.
    """
    began, epochs = time.perf_counter(), 0
    matrix: list[list[float]] = []
    training, facts = dict(outcome.metrics), dict(outcome.facts)
    for number, experience in enumerate(stream.experiences, start=1):
        _train(learner, experience, stream, number, folder, emit)
        epochs += len(learner.history)
        training = {**outcome.metrics, "seconds": time.perf_counter() - began, "epochs": float(epochs)}
        facts["backend"] = "+".join(learner.network.recurrent.backends_used)
        if not isfinite(loss := learner.history[-1]["train/loss"]):
            message = f"The training loss was {loss} in epoch {len(learner.history)} of experience {number}."
            return replace(outcome, status="diverged", sentence=message, metrics=training, facts=facts)
        matrix.append([_test(learner, other, stream) for other in stream.experiences])
    best = best_epoch_metrics(learner, stream.metric)
    gates = {name: value for name, value in best.items() if name.startswith("gate/")}
    metrics = {**_stream_metrics(matrix), **gates, **parameter_counts(learner), **training}
    return replace(outcome, metrics=metrics, facts=facts)


def _train(
    learner: Learner, experience: Problem, stream: Stream, number: int, folder: Path, emit: Callable[[Epoch], None]
) -> None:
    """Train on one experience. Afterwards the learner has its best weights, and its epochs as the history."""
    trial = learner.trial
    epochs_each = trial.training.max_epochs
    first_epoch, all_epochs = (number - 1) * epochs_each, epochs_each * len(stream.experiences)

    def emit_renumbered(epoch: Epoch) -> None:
        metrics = {**epoch.metrics, "train/experience": float(number)}
        emit(replace(epoch, epoch=first_epoch + epoch.epoch, total=all_epochs, metrics=metrics))

    learner.problem, learner.history = experience, []
    with quiet(), interruptible():
        trainer, best = make_trainer(trial, stream.metric, folder / f"experience_{number}", emit_renumbered)
        trainer.fit(learner, datamodule=SplitsDataModule(experience, trial.training.batch_size, trial.seed))
    if isfinite(learner.history[-1]["train/loss"]):
        load_best_weights(learner, best)


def _test(learner: Learner, experience: Problem, stream: Stream) -> float:
    """Return the test score on an experience."""
    trial = learner.trial
    learner.problem = experience
    with quiet(), interruptible():
        trainer, _ = make_trainer(trial, stream.metric, Path(), lambda _: None)
        data = SplitsDataModule(experience, trial.training.batch_size, trial.seed)
        trainer.test(learner, datamodule=data, verbose=False)
    return learner.test_scores[f"test/{stream.metric.name}"]


def _stream_metrics(matrix: list[list[float]]) -> dict[str, float]:
    entries = {f"matrix/{i}/{j}": value for i, row in enumerate(matrix, 1) for j, value in enumerate(row, 1)}
    return {
        "test/average_accuracy": average_accuracy(matrix),
        "test/backward_transfer": backward_transfer(matrix),
        "test/forgetting": forgetting(matrix),
        **entries,
    }
