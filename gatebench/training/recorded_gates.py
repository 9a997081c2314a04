"""The parts of an outcome about the gates of the trained network, and the gradient over the lag."""

from dataclasses import replace

from gatebench.outcome import Outcome
from gatebench.task import Problem
from gatebench.training.gate_recording import GateRecording
from gatebench.training.gradient_lag import gradient_over_lag
from gatebench.training.learner import Learner


def add_recorded_gates(
    outcome: Outcome, learner: Learner, problem: Problem, val: GateRecording, test: GateRecording
) -> Outcome:
    """Return the outcome with the figures of the gates at the best weights.

    Args:
        outcome: the outcome with the scores.
        learner: the learner with the best weights.
        problem: the task whose validation examples give the gradient over the lag.
        val: the recording of the validation.
        test: the recording of the test.

    Returns:
        The outcome, with "gate/…" of the validation, "test/gate/…" and "gradient/lag_half" among the metrics.
    """
    gradient = gradient_over_lag(learner.network, problem)
    metrics = {
        **outcome.metrics,
        **val.metrics(),
        **{f"test/{name}": value for name, value in test.metrics().items()},
    }
    if gradient.half is not None:
        metrics["gradient/lag_half"] = float(gradient.half)
    return replace(outcome, metrics=metrics)
