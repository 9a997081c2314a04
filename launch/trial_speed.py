"""`gatebench speed trial=EXPERIMENT`: where the time of a trial goes, by part."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gatebench.errors import UserError
from gatebench.trial import Trial
from launch.config.compose import expand
from launch.config.replica_count import replicas_of
from launch.config.settings import Settings
from launch.display.text_columns import align

if TYPE_CHECKING:
    from gatebench.training.trial_times import TrialTimes

KEY = "trial="
"""The start of the override that names the experiment."""


def is_of_trial(overrides: Sequence[str]) -> bool:
    """Return whether the overrides ask for the times of a trial."""
    return any(override.startswith(KEY) for override in overrides)


def run(arguments: Namespace) -> int:
    """Measure the first trial of an experiment, and print its times; with `replicas`, those of several of them.

    Args:
        arguments: the arguments after the verb. Besides `trial`, the overrides are those of `gatebench train`.

    Raises:
        UserError: an override is not allowed, or the data are missing.
    """
    names = [override.removeprefix(KEY) for override in arguments.overrides if override.startswith(KEY)]
    rest = [override for override in arguments.overrides if not override.startswith(KEY)]
    if len(names) != 1 or not names[0]:
        raise UserError("trial names one experiment, as in gatebench speed trial=characters cell=gru.")
    plan = expand([f"experiment={names[0]}", *rest], arguments.config_dir)
    if arguments.cfg is not None:
        print(plan.text, end="")
        return 0
    trial, settings = plan.trials[0], plan.settings
    trial.build_task().check_files(settings.data_folder, settings.home_folder.root / "cache")
    if (replicas := replicas_of(settings.replicas, trial.training)) > 1:
        return _compare_ways(trial, replicas, settings)
    import torch  # a wrong setting need not wait for it

    from gatebench.training.trial_times import trial_times

    torch.set_num_threads(settings.cpus_per_trial)
    times = trial_times(trial, settings.home_folder.root, settings.data_folder)
    cell, task = trial.build_compared().name, trial.build_task().label
    print(f"{cell} · {task} · backend {'+'.join(times.backends)} · threads {settings.cpus_per_trial}\n")
    print(times_text(times, trial.training.max_epochs))
    if trial.build_task().is_stream:
        print("These are the times of the first experience.")
    return 0


def _compare_ways(trial: Trial, replicas: int, settings: Settings) -> int:
    """Print the times of several trials in one process beside those of several processes."""
    from launch.replica_speed import are_equal, way_times, ways_text

    cell, task, seeds = (
        trial.build_compared().name,
        trial.build_task().label,
        f"{trial.seed} to {trial.seed + replicas - 1}",
    )
    print(f"{cell} · {task} · seeds {seeds} · threads of a trial {settings.cpus_per_trial}\n", flush=True)
    ways = way_times(trial, replicas, settings)
    print(ways_text(ways))
    equal = are_equal(ways)
    print(f"The results of all ways are {'the same to the last bit' if equal else 'NOT the same'}.")
    return int(not equal)


def times_text(times: TrialTimes, epochs: int) -> str:
    """Return the times as a table and as sentences.

    Args:
        times: the times of a trial.
        epochs: the largest number of its epochs.
    """
    total = sum(times.step.values())
    rows = [("a training step", "ms", "share")]
    rows += [(phase, f"{seconds * 1e3:.2f}", f"{seconds / total:.0%}") for phase, seconds in times.step.items()]
    rows.append(("together", f"{total * 1e3:.2f}", "100%"))
    table = align(rows, "lrr")
    lines = [table, ""]
    if times.products is not None:
        lines.append(f"{times.products:.0%} of a step is in torch's matrix products outside of compiled layers.")
    lines += [
        f"An epoch takes {times.epoch:.1f} s: {times.steps:,} steps {times.steps * total:.1f} s, validation "
        f"{times.validation:.1f} s, its gates {times.gates:.1f} s. Reading the data takes {times.load:.1f} s.",
        f"{epochs} epochs take about {epochs * times.epoch + times.load:.0f} s, without the test.",
    ]
    return "\n".join(lines)
