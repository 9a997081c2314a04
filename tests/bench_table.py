"""Time `gatebench table` on a store of many trials: `python -m tests.bench_table [ARMS SEEDS]`.

Each arm is an LSTM with another constant as its input gate, and its scores are drawn with a fixed seed. The command
runs as a process of its own, so the figures contain the start of Python. The processor time depends less on other
programs than the time does.
"""

import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from gatebench.records.home import Home
from gatebench.records.owner import Owner
from gatebench.records.record import Record
from gatebench.records.spool.spool import Spool
from gatebench.records.spool.study_drain import StudyDrain
from gatebench.trial import Model, Training, Trial
from tests.bench_drain import epochs_of
from tests.launch.trials import DIGITS, outcome
from tests.paths import ROOT

ARMS, SEEDS, EPOCHS, ROUNDS = 50, 40, 5, 5
OWNER = Owner("bench", "machine", 1)


def main(arms: int, seeds: int) -> None:
    """Fill a store, run the command several times, and print the medians."""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="bench-") as folder:
        _fill(Path(folder), arms, seeds)
        for words in (["table", "study=bench"], ["table", "study=bench", "format=csv"], ["table", "study=none"]):
            _time(Path(folder), words)


def _fill(folder: Path, arms: int, seeds: int) -> None:
    home = Home(folder)
    record = Record(home, "bench", None)
    spool, scores = Spool(home, "bench", record.printable_uri), random.Random(0)
    for arm in range(arms):
        mean = 0.9 + scores.gauss(0, 0.02)
        for seed in range(seeds):
            cell = {"name": f"lstm_{arm:02}", "base": "lstm", "ablate": {"i": {"fix": arm / arms}}}
            one = Trial(cell, DIGITS, Model(hidden_size=4), Training(max_epochs=EPOCHS), seed)
            attempt = f"{arm * seeds + seed:012x}"
            spool.begin(one, attempt, OWNER, 1000.0)
            for epoch in epochs_of(one, EPOCHS):
                spool.epoch(attempt, epoch)
            spool.end(attempt, outcome(one, score=mean + scores.gauss(0, 0.01), when=9000.0))
    drain = StudyDrain(record, spool)
    drain.round()
    assert spool.waiting() == 0, drain.report
    drain.close()


def _time(folder: Path, words: list[str]) -> None:
    environment = os.environ | {"GATEBENCH_HOME": str(folder)}
    seconds, processors = [], []
    for _ in range(ROUNDS):
        began, before = time.perf_counter(), _children()
        subprocess.run([sys.executable, "-m", "launch", *words], cwd=ROOT, env=environment, capture_output=True)
        seconds.append(time.perf_counter() - began)
        processors.append(_children() - before)
    median, processor = statistics.median(seconds), statistics.median(processors)
    print(f"{' '.join(words):32}{median:8.2f} s {processor:8.2f} s of processor time", flush=True)


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    match sys.argv[1:]:
        case [arms, seeds]:
            main(int(arms), int(seeds))
        case _:
            main(ARMS, SEEDS)
