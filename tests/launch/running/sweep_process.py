"""A sweep in a process of its own, to test signals: `python -m tests.launch.running.sweep_process FOLDER SECONDS`.

Each trial appends its process number to FOLDER/started, then works until SECONDS have passed or it is to stop. Then it
saves a checkpoint. The driver appends its events to FOLDER/events.
"""

import os
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from gatebench.control import Control, Stopped
from gatebench.outcome import Epoch, Outcome
from gatebench.trial import Trial
from launch.events import Checkpoint, Event
from launch.running.ray_sweep import run_trials
from launch.running.resources import Resources
from tests.launch.trials import outcome, trial


def work(trial: Trial, *, folder: Path, seconds: float, emit: Callable[[Epoch], None], control: Control) -> Outcome:
    """Work for some seconds, or until the control says stop."""
    with (folder / "started").open("a") as file:
        file.write(f"{os.getpid()} {trial.seed}\n")
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(0.02)
        if control.should_stop():
            control.save(b"state")
            raise Stopped("It was told to stop.")
    emit(Epoch(trial.digest, 0, 1, {}))
    return outcome(trial)


def note(event: Event, *, folder: Path) -> None:
    """Append an event to a file."""
    kind = type(event).__name__
    detail = event.status if isinstance(event, Outcome) else len(event.content) if isinstance(event, Checkpoint) else ""
    with (folder / "events").open("a") as file:
        file.write(f"{kind} {detail}\n")


def main(folder: Path, seconds: float) -> int:
    """Run six trials, two at a time, and return the exit code."""
    try:
        run_trials(
            [trial(seed=seed) for seed in range(6)],
            partial(work, folder=folder, seconds=seconds),
            Resources(workers=2),
            partial(note, folder=folder),
        )
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), float(sys.argv[2])))
