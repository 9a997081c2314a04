"""Show what a sweep would run: its trials, their digests, what is done already, and what the rest would cost.

gatebench plan experiment=quickstart
gatebench plan cell=lstm,gru seed=range(0,5)
"""

import os
from collections.abc import Iterable, Sequence
from statistics import fmean

from gatebench.derive.cost import pointwise_flops, product_flops
from gatebench.outcome import Outcome
from gatebench.records import mlflow_entry
from gatebench.trial import Trial
from launch.config.arguments import ask
from launch.display.text_columns import align
from launch.running.known_outcomes import known_outcomes

BACKWARD = 2  # the backward pass costs about twice the forward pass


def run(argv: Sequence[str]) -> int:
    """Print the plan; return 0."""
    plan = ask("plan", __doc__, argv)
    if plan is None:
        return 0
    settings, outcomes = plan.settings, known_outcomes(plan.settings)
    done = set() if settings.force else {o.digest for o in outcomes if o.has_result}
    todo = [trial for trial in plan.trials if trial.digest not in done]
    rows = [("digest", "trial", "GFLOP", "state")]
    for trial in plan.trials:
        state = "to run" if trial in todo else "done"
        rows.append((trial.digest, mlflow_entry.name(trial), _giga(training_flops(trial)), state))
    print(align(rows, "llrl"))
    done_here = len(plan.trials) - len(todo)
    print(f"\n{len(plan.trials)} trials in the study {settings.study!r}; {done_here} are done already.")
    if todo:
        print(_cost(todo, outcomes, settings.workers or os.cpu_count() or 1))
    return 0


def training_flops(trial: Trial) -> float | None:
    """Return the floating-point operations of a trial's recurrent layers if no epoch is saved by stopping early.

    Forward and backward, over all training examples; None where the task does not tell its size beforehand.
    """
    size = trial.build_task().size()
    if size is None:
        return None
    cell, model = trial.build_cell(), trial.model
    directions = 2 if model.bidirectional else 1
    widths = [size.inputs] + [model.hidden_size * directions] * (model.num_layers - 1)
    H = model.hidden_size
    step = sum(product_flops(cell, width, H) + pointwise_flops(cell, width, H) for width in widths)
    return (1.0 + BACKWARD) * directions * step * size.steps * size.examples * trial.training.max_epochs


def _cost(todo: Sequence[Trial], outcomes: Iterable[Outcome], workers: int) -> str:
    """Return a sentence on what is left to do: operations, and hours by the study's own experience if there is any."""
    flops = [training_flops(trial) for trial in todo]
    parts = [f"{_giga(sum(f for f in flops if f is not None))} GFLOP at most"] if None not in flops else []
    seen: dict[tuple[str, str], list[float]] = {}
    for outcome in outcomes:
        if "seconds" in outcome.metrics:
            seen.setdefault((outcome.cell_digest, outcome.task), []).append(outcome.metrics["seconds"])
    kinds = [(trial.build_cell().digest, trial.build_task().label) for trial in todo]
    if all(kind in seen for kind in kinds):
        seconds = sum(fmean(seen[kind]) for kind in kinds)
        parts.append(
            f"about {seconds / min(workers, len(todo)):,.0f} s on {workers} workers, going by trials before them"
        )
    return f"To run: {len(todo)}" + (f"; {'; '.join(parts)}." if parts else ".")


def _giga(flops: float | None) -> str:
    return "?" if flops is None else f"{flops / 1e9:,.4g}" if flops < 1e12 else f"{flops / 1e9:,.0f}"
