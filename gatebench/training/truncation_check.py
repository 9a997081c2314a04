"""The check that truncated back-propagation has a meaning for a task."""

import torch

from gatebench.errors import Refusal
from gatebench.task import Problem, Stream
from gatebench.training.gradient_lag import longest_examples
from gatebench.training.network import Network
from gatebench.trial import Trial


def check_truncation(network: Network, trial: Trial, problem: Problem) -> None:
    """Check that the head reads steps of more than one chunk, if `training.tbptt` is set.

    A head that reads only the last step gets a gradient in the last chunk alone. The steps before it would never be
    learnt from, and how many these are would depend on the length of a sequence modulo K.

    Args:
        network: the network. Neither its weights nor their gradients are changed, and no random number is drawn.
        trial: the trial.
        problem: the loaded task.

    Raises:
        Refusal: all targets of the longest training sequence belong to its last chunk.
    """
    chunk = trial.training.tbptt
    if not chunk:
        return
    steps = _read_steps(network, problem.experiences[0] if isinstance(problem, Stream) else problem)
    if len(steps) > chunk and not steps[: (len(steps) - 1) // chunk * chunk].any():
        raise Refusal(
            f"training.tbptt={chunk} would train only on the last {chunk} steps of {trial.build_task().name}, whose "
            "targets come at the end of a sequence; set training.tbptt=0, or choose a task with a target at every step."
        )


def _read_steps(network: Network, problem: Problem) -> torch.Tensor:
    """Return for each step of the longest training sequence whether the head reads the recurrent output, (T,)."""
    batch = problem.train.batch(longest_examples(problem.train)[:1])
    steps = len(batch.x)
    recurrent, was_training = network.recurrent, network.training
    network.eval()
    try:
        generator = torch.Generator().manual_seed(0)
        weight = next(network.parameters())
        shape = (steps, 1, recurrent.directions * recurrent.hidden_size)
        output = torch.randn(shape, dtype=weight.dtype, generator=generator).to(weight.device).requires_grad_()
        with torch.enable_grad():
            logits = network.head(output, batch.lengths)
            mixed = torch.randn(logits.shape, dtype=weight.dtype, generator=generator).to(weight.device)
            (gradient,) = torch.autograd.grad((logits * mixed).sum(), output)
    finally:
        network.train(was_training)
    return (gradient != 0).any(-1).any(-1).cpu()
