"""Prints a gate figure of `parity` from the first validation batch and from the whole validation split.

    .venv/bin/python -m tests.gate_figures

Validation batches are sorted by length, so the first batch has the shortest sequences.
"""

import tempfile
from pathlib import Path

import torch
from safetensors.torch import load
from torch import Tensor

from gatebench.measures.gate_recorder import GateRecorder
from gatebench.task import Problem
from gatebench.training import Learner, run_trial
from gatebench.training.batches import Batches
from gatebench.training.weights_file import FILE_NAME
from gatebench.trial import Model, Training, Trial

NAME = "gate/l0/write/i/left"

TRIAL = Trial(
    {"name": "lstm", "base": "lstm"},
    {"_target_": "tasks.synthetic.parity.Parity"},
    Model(),
    Training(max_epochs=12, learning_rate=0.01),
)


def figure(learner: Learner, problem: Problem, batches: int | None) -> tuple[float, int]:
    """Return the figure, and the number of steps, of the first batches of the validation split; None: of all."""
    recorder = GateRecorder(learner.roles)
    for batch in list(Batches(problem.val, TRIAL.training.batch_size, None))[:batches]:
        with torch.no_grad():
            recorder.add(*learner.network.forward_with_gates(batch)[1][0])
    return recorder.metrics()[NAME], recorder.sums.gates[0, "i"].steps


def best_weights(home: Path) -> dict[str, Tensor]:
    """Train the trial, and return its best weights."""
    outcome = run_trial(TRIAL, home=home, data_root=None, emit=lambda _: None)
    print(f"lstm on parity: test accuracy {outcome.metrics['test/accuracy']:.3f}, {NAME} {outcome.metrics[NAME]:.3f}")
    return load(outcome.files[FILE_NAME])


def main() -> None:
    """Train and print."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        problem = TRIAL.build_task().load(Path(), Path(folder) / "cache")
        assert isinstance(problem, Problem)
        learner = Learner(TRIAL, problem)
        learner.network.load_state_dict(best_weights(Path(folder)))
    learner.eval()
    for label, batches in (("first batch", 1), ("whole validation split", None)):
        share, steps = figure(learner, problem, batches)
        print(f"{label:22}  {steps:6,} steps  input gate below 0.1: {share:.3f}")


if __name__ == "__main__":
    main()
