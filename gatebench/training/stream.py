"""One trial on a stream of experiences: the network learns them one after another, each once."""

from collections.abc import Callable
from dataclasses import replace
from functools import reduce
from operator import add
from statistics import fmean
from typing import Literal

from gatebench.measures.continual_learning import average_accuracy, backward_transfer, forgetting
from gatebench.measures.gate_sums import TraceSums
from gatebench.outcome import Epoch, Outcome
from gatebench.task import Stream
from gatebench.training.checkpoint.saver import TrialSaver
from gatebench.training.data_module import SplitsDataModule
from gatebench.training.epochs import best_epoch, divergence_sentence
from gatebench.training.learner import Learner
from gatebench.training.outcome_metrics import backend_facts, cost_metrics
from gatebench.training.recorded_gates import add_recorded_gates
from gatebench.training.trainer import test, train


def run_stream(
    outcome: Outcome, learner: Learner, stream: Stream, saver: TrialSaver, emit: Callable[[Epoch], None]
) -> Outcome:
    """Train one network on the experiences of a stream, one after another, and test it on all of them after each.

    Each experience is trained like a whole task: with the same number of epochs, early stopping and best weights by
    its own validation split, and a new optimiser. There is no replay, and no weight is frozen.

    Args:
        outcome: the outcome before training.
        learner: the network at the position of the saver.
        stream: the experiences.
        saver: the checkpoints of the trial.
        emit: the function that receives every epoch's metrics. Epochs are counted through all experiences.

    Returns:
        The outcome, with "matrix/i/j", the score on experience j after training on experience i, both from 1, and the
        metrics of continual learning that follow from it. "best/val/average_accuracy" and the figures of the gates are
        those of the final network over the validation splits of all experiences, and "test/gate/…" those over all test
        splits. If the training of an experience diverged, it goes on with the best weights of that experience, and the
        sentence names the first experience that diverged. If there are no such weights, the stream ends without scores.
    """
    for past in range(len(saver.epochs)):
        saver.send_again(past, _renumbered(emit, learner, stream, past))
    for number in range(saver.position.experience, len(stream.experiences)):
        train(learner, saver, stream.metric, _renumbered(emit, learner, stream, number))
        count = float(sum(map(len, saver.epochs)))
        training = {**outcome.metrics, "seconds": saver.seconds, "epochs": count}
        outcome = replace(outcome, metrics=training, facts={**outcome.facts, **backend_facts(learner)})
        if (sentence := _first_divergence(saver, stream)) is not None:
            outcome = replace(outcome, status="diverged", sentence=sentence)
        if best_epoch(learner.history, learner.metric) is None:
            last = divergence_sentence(learner.history, learner.metric, f" of experience {number + 1}")
            return replace(outcome, sentence=last or "")
        saver.end_training()
        is_last = number == len(stream.experiences) - 1
        record_gates = learner.record_gates and is_last
        scores, test_gates = _evaluate(learner, stream, saver, "test", record_gates=record_gates)
        if not is_last:
            saver.end_experience(scores)
    val_scores, val_gates = _evaluate(learner, stream, saver, "val", record_gates=learner.record_gates)
    metrics = {
        **_stream_metrics([*saver.matrix, scores]),
        "best/val/average_accuracy": fmean(val_scores),
        **cost_metrics(learner),
        **outcome.metrics,
    }
    outcome = replace(outcome, metrics=metrics)
    if val_gates is None or test_gates is None or not learner.group.is_first:
        return outcome
    return add_recorded_gates(outcome, learner, stream.experiences[-1], val_gates, test_gates)


def _renumbered(
    emit: Callable[[Epoch], None], learner: Learner, stream: Stream, number: int
) -> Callable[[Epoch], None]:
    """Return a function that sends the epochs of an experience (from 0), counted through all experiences."""
    epochs_each = learner.trial.training.max_epochs
    first_epoch, all_epochs = number * epochs_each, epochs_each * len(stream.experiences)

    def send(epoch: Epoch) -> None:
        metrics = {**epoch.metrics, "train/experience": float(number + 1)}
        emit(replace(epoch, epoch=first_epoch + epoch.epoch, total=all_epochs, metrics=metrics))

    return send


def _first_divergence(saver: TrialSaver, stream: Stream) -> str | None:
    """Return the sentence of the first experience that has diverged."""
    for number, epochs in enumerate(saver.epochs, start=1):
        history = [epoch.metrics for epoch in epochs]
        if (sentence := divergence_sentence(history, stream.metric, f" of experience {number}")) is not None:
            return sentence
    return None


def _evaluate(
    learner: Learner, stream: Stream, saver: TrialSaver, split: Literal["val", "test"], *, record_gates: bool
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
        test(learner, saver, data, stream.metric)
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
