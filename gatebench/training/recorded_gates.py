"""The parts of an outcome about the gates of the trained network: metrics, and the file of arrays."""

from dataclasses import replace

from gatebench.measures import gate_metrics
from gatebench.measures.gate_arrays import split_statistics
from gatebench.measures.gate_file import FILE_NAME, GateFile, to_bytes
from gatebench.measures.gate_sums import TraceSums
from gatebench.outcome import Outcome
from gatebench.task import Problem
from gatebench.training.gradient_lag import NO_GRADIENT, gradient_over_lag
from gatebench.training.learner import Learner


def add_recorded_gates(
    outcome: Outcome, learner: Learner, problem: Problem, val: TraceSums, test: TraceSums
) -> Outcome:
    """Return the outcome with the figures of the gates at the best weights.

    Args:
        outcome: the outcome with the scores.
        learner: the learner with the best weights.
        problem: the task whose validation examples give the gradient over the lag.
        val: the sums of the gates over the validation split.
        test: the sums of the gates over the test split.

    Returns:
        The outcome, with "gate/…" of the validation, "test/gate/…" of the test, "gradient/lag_half" and
        "gradient/reach" among the metrics, and the file of `gatebench.measures.gate_file`, which also has the gradient
        norms. A network with several recurrent parts has no gradient norms.
    """
    roles = learner.roles
    gradient = NO_GRADIENT if learner.network.parts else gradient_over_lag(learner.network, problem)
    fixed = gate_metrics.fixed_metrics(roles, learner.network.num_layers)
    metrics = {
        **outcome.metrics,
        **gate_metrics.metrics(val, roles),
        **{f"test/{name}": value for name, value in gate_metrics.metrics(test, roles).items()},
        **fixed,
    }
    for name, lag in {"gradient/lag_half": gradient.half, "gradient/reach": gradient.reach}.items():
        if lag is not None:
            metrics[name] = float(lag)
    content = GateFile(
        tuple(role.key for role in roles),
        {"val": split_statistics(val, roles), "test": split_statistics(test, roles)},
        gradient.lag.numpy() if len(gradient.lag) else None,
        gradient.norm.numpy() if len(gradient.lag) else None,
    )
    return replace(outcome, metrics=metrics, files={**outcome.files, FILE_NAME: to_bytes(content)})
