"""One trial on a stream of experiences: the network learns them one after another, each once."""

import time
from collections.abc import Callable
from dataclasses import replace
from functools import reduce
from operator import add
from pathlib import Path
from statistics import fmean
from typing import Literal

from gatebench.measures.continual_learning import average_accuracy, backward_transfer, forgetting
from gatebench.measures.gate_sums import TraceSums
from gatebench.outcome import Epoch, Outcome
from gatebench.task import Problem, Stream
from gatebench.training.data_module import SplitsDataModule
from gatebench.training.epochs import best_epoch, divergence_sentence
from gatebench.training.learner import Learner
from gatebench.training.lightning_output import interruptible, quiet
from gatebench.training.outcome_metrics import backend_facts, cost_metrics
from gatebench.training.recorded_gates import add_recorded_gates
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
        metrics of continual learning that follow from it. "best/val/average_accuracy" and the figures of the gates are
        those of the final network over the validation splits of all experiences, and "test/gate/…" those over all test
        splits. If the training of an experience diverged, it goes on with the best weights of that experience, and the
        sentence names the first experience that diverged. If there are no such weights, the stream ends without scores.
    """
    began, epochs = time.perf_counter(), 0
    matrix: list[list[float]] = []
    for number, experience in enumerate(stream.experiences, start=1):
        _train(learner, experience, stream, number, folder, emit)
        epochs += len(learner.history)
        training = {**outcome.metrics, "seconds": time.perf_counter() - began, "epochs": float(epochs)}
        outcome = replace(outcome, metrics=training, facts={**outcome.facts, **backend_facts(learner)})
        sentence = divergence_sentence(learner.history, learner.metric, f" of experience {number}")
        if sentence is not None:
            outcome = replace(outcome, status="diverged", sentence=outcome.sentence or sentence)
        if best_epoch(learner.history, learner.metric) is None:
            return replace(outcome, sentence=sentence or "")
        is_last = number == len(stream.experiences)
        scores, test_gates = _evaluate(learner, stream, "test", record_gates=learner.record_gates and is_last)
        matrix.append(scores)
    val_scores, val_gates = _evaluate(learner, stream, "val", record_gates=learner.record_gates)
    metrics = {
        **_stream_metrics(matrix),
        "best/val/average_accuracy": fmean(val_scores),
        **cost_metrics(learner),
        **outcome.metrics,
    }
    outcome = replace(outcome, metrics=metrics)
    if val_gates is None or test_gates is None or not learner.group.is_first:
        return outcome
    return add_recorded_gates(outcome, learner, stream.experiences[-1], val_gates, test_gates)


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

    learner.start(experience)
    with quiet(), interruptible():
        trainer, best = make_trainer(
            trial, stream.metric, folder / f"experience_{number}", emit_renumbered, learner.group
        )
        data = SplitsDataModule(experience, trial.training.batch_size, trial.seed, learner.group.ranks)
        trainer.fit(learner, datamodule=data)
    if best_epoch(learner.history, learner.metric) is not None:
        load_best_weights(learner, best)


def _evaluate(
    learner: Learner, stream: Stream, split: Literal["val", "test"], *, record_gates: bool
) -> tuple[list[float], TraceSums | None]:
    """Return the scores on a split of each experience, and the sums of the gates over all these splits."""
    scores: list[float] = []
    sums: list[TraceSums] = []
    records_otherwise, learner.record_gates = learner.record_gates, record_gates
    for experience in stream.experiences:
        settings = learner.trial.training
        data = SplitsDataModule(experience, settings.batch_size, learner.trial.seed, learner.group.ranks)
        data.test = data.test if split == "test" else data.val
        learner.problem = experience
        with quiet(), interruptible():
            trainer, _ = make_trainer(learner.trial, stream.metric, Path(), lambda _: None, learner.group)
            trainer.test(learner, datamodule=data, verbose=False)
        scores.append(learner.test_scores[f"test/{stream.metric.name}"])
        sums += [] if learner.test_gates is None else [learner.test_gates]
    learner.record_gates = records_otherwise
    return scores, reduce(add, sums) if sums else None


def _stream_metrics(matrix: list[list[float]]) -> dict[str, float]:
    entries = {f"matrix/{i}/{j}": value for i, row in enumerate(matrix, 1) for j, value in enumerate(row, 1)}
    return {
        "test/average_accuracy": average_accuracy(matrix),
        "test/backward_transfer": backward_transfer(matrix),
        "test/forgetting": forgetting(matrix),
        **entries,
    }
