"""Time the drain of a spool into stores of MLflow: `python -m tests.bench_drain [TRIALS EPOCHS]`.

The stores are a sqlite file, a server as MLflow starts it, and a server with gatebench's plugin. Behind both servers is
a sqlite file. All processes run on this machine, so the server and the drain share its cores.

The drain brings the trials in three parts: their begin, their epochs, and their end. For comparison, MLflow's client
writes the same epochs of a tenth of the trials, as many in a request as MLflow allows. The processor time is that of
the drain's process, and of all processes of the server. It depends less on other programs than the time does.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gatebench.outcome import Epoch
from gatebench.records.home import Home
from gatebench.records.owner import Owner
from gatebench.records.record import Record
from gatebench.records.spool.run_requests import RunRequests, in_requests
from gatebench.records.spool.spool import Spool
from gatebench.records.spool.study_drain import StudyDrain
from gatebench.trial import Trial
from tests.gatebench.records.spool.mlflow_server_process import free_port, mlflow_server
from tests.launch.trials import outcome, trial

TRIALS, EPOCHS = 20, 200
METRICS = 35
"""The number of metrics of an epoch: those of an LSTM with statistics of its gates."""

SERVERS = {"server": (), "server with plugin": ("--app-name", "gatebench")}
OWNER = Owner("bench", "machine", 1)


@dataclass(frozen=True)
class Cost:
    """The cost of a part of the work.

    Attributes:
        seconds: the time.
        client: the seconds of the processors in this process.
        server: the seconds of the processors in the processes of the server.
    """

    seconds: float
    client: float
    server: float


def main(trials: int, epochs: int) -> None:
    """Drain the same spool into each store, and print the time of each part."""
    print(f"{trials} trials of {epochs} epochs with {METRICS} metrics; processor time in ms: drain + server")
    print(f"{'':24}{'begin a trial':>24}{'epochs/s':>10}{'an epoch':>17}{'end a trial':>24}")
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="bench-") as folder:
        _bench("sqlite file", Path(folder) / "file", None, trials, epochs, lambda: 0.0)
        for name, options in SERVERS.items():
            place = Path(folder) / name.replace(" ", "-")
            with server(place, options) as (address, processor_time):
                _bench(name, place, address, trials, epochs, processor_time)
                _bench_client(name, place, address, max(trials // 10, 1), epochs, processor_time)


def _bench(
    name: str, folder: Path, address: str | None, trials: int, epochs: int, processor_time: Callable[[], float]
) -> None:
    home = Home(folder / "home")
    home.root.mkdir(parents=True)
    record = Record(home, "bench", address)
    spool = Spool(home, "bench", record.printable_uri)
    drain = StudyDrain(record, spool)
    drain.round()
    all_trials = [trial("lstm", seed=seed, epochs=epochs) for seed in range(trials)]
    _warm_up(record)
    for number, one in enumerate(all_trials):
        spool.begin(one, _attempt(number), OWNER, 1000.0 + number)
    begin = _cost(lambda: _bring(drain), processor_time)
    for number, one in enumerate(all_trials):
        for epoch in epochs_of(one, epochs):
            spool.epoch(_attempt(number), epoch)
    middle = _cost(lambda: _bring(drain), processor_time)
    for number, one in enumerate(all_trials):
        spool.end(_attempt(number), outcome(one, files={"gates.npz": bytes(2000)}, when=9000.0 + number))
    end = _cost(lambda: _bring(drain), processor_time)
    assert spool.waiting() == 0, drain.report
    assert len(record.outcomes()) == trials
    drain.close()
    total = trials * epochs
    print(
        f"{name:24}{_each(begin, trials):>24}{total / middle.seconds:10,.0f}"
        f"{_processors(middle, total):>17}{_each(end, trials):>24}",
        flush=True,
    )


def _bench_client(
    name: str, folder: Path, address: str, trials: int, epochs: int, processor_time: Callable[[], float]
) -> None:
    """Write epochs as MLflow's client does."""
    record = Record(Home(folder / "home"), "client", address)
    requests = RunRequests(record)
    runs = [record.client.create_run(record.experiment_id).info.run_id for _ in range(trials)]
    groups = [group for group, _ in in_requests((epoch, 0) for epoch in epochs_of(trial("lstm"), epochs))]

    def write() -> None:
        for run in runs:
            for group in groups:
                requests.write_epochs(run, group)

    cost, total = _cost(write, processor_time), trials * epochs
    print(f"{name + ', client':24}{'':24}{total / cost.seconds:10,.0f}{_processors(cost, total):>17}", flush=True)


def epochs_of(one: Trial, epochs: int) -> Iterator[Epoch]:
    """Yield the epochs of a trial."""
    for number in range(epochs):
        metrics = {f"gate/l0/f/statistic{n}": 0.1 * n + number / 7 for n in range(METRICS - 1)}
        yield Epoch(one.digest, number, epochs, metrics | {"val/accuracy": number / 3}, 1001.0 + number)


def _warm_up(record: Record) -> None:
    """Let each process of a server open its database."""
    for _ in range(20):
        record.client.search_experiments(max_results=1)


def _bring(drain: StudyDrain) -> None:
    drain.round()
    assert drain.problem is None, drain.problem
    assert not drain.report.refused, drain.report


def _cost(work: Callable[[], None], processor_time: Callable[[], float]) -> Cost:
    began, client, on_server = time.perf_counter(), time.process_time(), processor_time()
    work()
    return Cost(time.perf_counter() - began, time.process_time() - client, processor_time() - on_server)


def _each(cost: Cost, count: int) -> str:
    return f"{1000 * cost.seconds / count:.1f} ms ({_processors(cost, count)})"


def _processors(cost: Cost, count: int) -> str:
    return f"{1000 * cost.client / count:.2f} + {1000 * cost.server / count:.2f}"


def _attempt(number: int) -> str:
    return f"{number:012x}"


@contextmanager
def server(folder: Path, options: Sequence[str]) -> Iterator[tuple[str, Callable[[], float]]]:
    """Run `mlflow server` in the block. Its address, and the processor time of its processes, are the value."""
    port = free_port()
    with mlflow_server(folder, port, options) as process:
        yield f"http://127.0.0.1:{port}", lambda: processor_time_of_session(process.pid)


def processor_time_of_session(session: int) -> float:
    """Return the seconds that the processors have worked for the processes of a session."""
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # the process has ended
        if int(fields[3]) == session:
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    match sys.argv[1:]:
        case [trials, epochs]:
            main(int(trials), int(epochs))
        case _:
            main(TRIALS, EPOCHS)
