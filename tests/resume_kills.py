"""Kills trials at random moments and prints how many end as an undisturbed trial does, to the last bit.

    .venv/bin/python -m tests.resume_kills [KILLS] [SEED]

Each trial runs in processes of its own. A process is killed with SIGKILL a random time after a random step: in a step,
in a validation, or while a checkpoint is written. The next process continues from the last checkpoint in the home. The
trial is killed again and again, until its share of the kills is done; then it ends. Its weights, metrics, epochs, facts
and files are compared with those of a trial that was never killed.
"""

import hashlib
import os
import random
import signal
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

import torch

from gatebench.control import Control
from gatebench.records.checkpoints import Checkpoints
from gatebench.records.home import Home
from tests.gatebench.training.checkpoint.trials import TRIALS, bits, run

TASKS = ("lengths", "tokens", "every step", "regression", "stream")

TRIALS_EACH = 2
"""The number of trials of each task, with different seeds."""

SAVE_SECONDS = 0.05
"""The time between two checkpoints. A step takes a few milliseconds."""

LONGEST = 16
"""The largest number of steps from the start of a process, or from its continuation, to its kill."""


def work(name: str, seed: int, home: Path) -> None:
    """Run a trial in this process. Print a line after each step, and at last the hash of each part of the result."""
    trial = replace(TRIALS[name], seed=seed)
    trial = replace(trial, training=replace(trial.training, max_epochs=4 * trial.training.max_epochs, patience=0))
    checkpoints = Checkpoints(Home(home))

    def told_and_not_stopped() -> bool:
        print("step", flush=True)
        return False

    control = Control(
        checkpoints.load(trial.digest),
        lambda content: checkpoints.save(trial.digest, content),
        told_and_not_stopped,
        SAVE_SECONDS,
    )
    found = bits(*run(trial, home, control))
    print(*(f"{part}:{hashlib.sha256(repr(one).encode()).hexdigest()}" for part, one in found.items()), flush=True)
    checkpoints.remove(trial.digest)


@dataclass
class Attempt:
    """A process that has run a trial.

    Attributes:
        killed: whether it was killed before the trial ended.
        result: the hash of each part of the result; "" if it was killed.
        message: the text that it printed on stderr.
    """

    killed: bool
    result: str
    message: str


def attempt(name: str, seed: int, home: Path, steps: int | None, delay: float) -> Attempt:
    """Run a trial in a new process. Kill it some seconds after a number of steps; None: let it end."""
    home.mkdir(exist_ok=True)
    reading, writing = os.pipe()
    errors = home / "stderr"
    process = os.fork()  # and not a new interpreter: the import of torch takes longer than a trial
    if not process:
        _become_worker(name, seed, home, writing, errors)
    os.close(writing)
    with os.fdopen(reading) as output:
        line, done = "", 0
        while done != steps and (line := output.readline()).startswith("step"):
            done += 1
        if done == steps:
            time.sleep(delay)
            os.kill(process, signal.SIGKILL)
            line = (output.read().splitlines() or [""])[-1]
    _, status = os.waitpid(process, 0)
    code = os.waitstatus_to_exitcode(status)
    if code not in (0, -signal.SIGKILL):
        raise RuntimeError(f"{name} failed:\n{errors.read_text()}")
    killed = code != 0
    return Attempt(killed, "" if killed else line.strip(), errors.read_text())


def _become_worker(name: str, seed: int, home: Path, writing: int, errors: Path) -> NoReturn:
    """Run the trial in this fork, with its output in a pipe, and end the process."""
    try:
        os.dup2(writing, 1)
        os.dup2(os.open(errors, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
        work(name, seed, home)
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)


def main(kills: int = 100, seed: int = 0) -> int:
    """Kill, compare and print. Return 0 if every trial was identical, else 1."""
    torch.set_num_threads(1)
    os.environ["GATEBENCH_TASKS"] = "tests"
    draw = random.Random(seed)
    each = -(-kills // (len(TASKS) * TRIALS_EACH))
    identical = killed = 0
    print(f"{len(TASKS) * TRIALS_EACH} trials, {each} kills each, seed {seed}")
    with tempfile.TemporaryDirectory() as folder:
        for name in TASKS:
            for number in range(TRIALS_EACH):
                undisturbed = attempt(name, number, Path(folder) / "undisturbed", None, 0.0)
                assert undisturbed.result, undisturbed.message
                home = Path(folder) / f"{name} {number}"
                count, found = 0, Attempt(True, "", "")
                while count < each and not found.result:
                    found = attempt(name, number, home, draw.randint(1, LONGEST), draw.random() * 0.05)
                    count += found.killed
                if not found.result:
                    found = attempt(name, number, home, None, 0.0)
                same = found.result == undisturbed.result
                identical, killed = identical + count * same, killed + count
                left = [file.name for file in (home / "checkpoints").glob("*")]
                print(
                    f"{name}, seed {number}: {count} kills, {'identical' if same else 'DIFFERENT'}", *left, flush=True
                )
                if found.message:
                    print(found.message, end="")
    print(f"{killed} kills, {identical} of them in trials that ended identical to the last bit")
    return 0 if identical == killed else 1


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
