"""The faults: each is a function that starts the sweep of a place and disturbs it.

A fault may return only when its command has ended. The seeded generator decides the moment and the victim.
"""

import os
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random
from shutil import which

from tests.torture.place import Command, Place, free_port, wait_until

Fault = Callable[[Place, Random, float], None]
"""A fault: the place, the generator, and the seconds that an undisturbed sweep takes."""


def kill_driver(place: Place, random: Random, seconds: float) -> None:
    """Kill -9 the driver at any moment; its drain, the writer of the records, dies with it."""
    command = place.sweep()
    _pause(random.uniform(0, seconds))
    command.kill()
    _end(place, command)


def kill_driver_twice(place: Place, random: Random, seconds: float) -> None:
    """Kill -9 the driver, and the driver that continues the sweep."""
    for _ in range(2):
        kill_driver(place, random, seconds)


def kill_worker(place: Place, random: Random, seconds: float) -> None:
    """Kill -9 one worker process; the same command goes on."""
    command = place.sweep()
    _pause(random.uniform(0.3 * seconds, 0.9 * seconds))
    if workers := place.workers():
        _kill(random.choice(workers))
    command.wait()


def interrupt(place: Place, random: Random, seconds: float) -> None:
    """Press Ctrl-C once: the running trials end, and the command too."""
    command = place.sweep()
    _pause(random.uniform(0, seconds))
    command.kill(signal.SIGINT)
    assert command.wait() in (0, 130), f"exit code {command.process.returncode}: {command.text}"
    assert wait_until(lambda: not place.processes(), 10), f"processes are left: {place.processes()}"


def interrupt_twice(place: Place, random: Random, seconds: float) -> None:
    """Press Ctrl-C twice: the running trials are stopped."""
    command = place.sweep()
    _pause(random.uniform(0, seconds))
    command.kill(signal.SIGINT)
    _pause(random.uniform(0.05, 1))
    command.kill(signal.SIGINT)
    assert command.wait(60) in (0, 130), f"exit code {command.process.returncode}: {command.text}"
    assert wait_until(lambda: not place.processes(), 10), f"processes are left: {place.processes()}"


def terminate(place: Place, random: Random, seconds: float) -> None:
    """Send SIGTERM: the running trials save a checkpoint and stop."""
    command = place.sweep()
    _pause(random.uniform(0, seconds))
    command.kill(signal.SIGTERM)
    assert command.wait(60) in (0, -signal.SIGTERM, 130), f"exit code {command.process.returncode}: {command.text}"
    assert wait_until(lambda: not place.processes(), 10), f"processes are left: {place.processes()}"


def kill_during_schema(place: Place, random: Random, seconds: float) -> None:
    """Kill -9 the driver while it creates a fresh store."""
    del seconds
    command = place.sweep()
    assert wait_until(lambda: any(place.home_folder.glob("*mlflow.db*")) or command.process.poll() is not None)
    _pause(random.uniform(0, 1.5))
    command.kill()
    _end(place, command)


def two_drivers_one_home(place: Place, random: Random, seconds: float) -> None:
    """Start the same sweep twice at nearly the same time, on one home."""
    first = place.sweep()
    _pause(random.uniform(0, 0.5 * seconds))
    second = place.sweep()
    codes = first.wait(), second.wait()
    assert codes == (0, 0), f"{codes}\n{first.text}\n{second.text}"


def two_drivers_two_homes(place: Place, random: Random, seconds: float) -> None:
    """Start the same sweep twice, with two homes and one store."""
    place.store = f"sqlite:///{place.root / 'shared.db'}"
    first = place.sweep()
    _pause(random.uniform(0, 0.5 * seconds))
    second = place.sweep(home="other")
    codes = first.wait(), second.wait()
    assert codes == (0, 0), f"{codes}\n{first.text}\n{second.text}"


def two_drivers_and_one_is_killed(place: Place, random: Random, seconds: float) -> None:
    """Start the same sweep twice on one home, and kill -9 one of the drivers."""
    commands = [place.sweep(), place.sweep()]
    _pause(random.uniform(0.2 * seconds, seconds))
    victim = random.choice(commands)
    victim.kill()
    for command in commands:
        command.wait()


def server_dies_and_comes_back(place: Place, random: Random, seconds: float) -> None:
    """Kill -9 the tracking server and start it again some seconds later."""
    with _served(place) as (server, port):
        command = place.sweep()
        _pause(random.uniform(0.3 * seconds, 0.9 * seconds))
        server.kill_group()
        _pause(random.uniform(0.5, 3))
        place.serve(port)
        command.wait()


def server_dies(place: Place, random: Random, seconds: float) -> None:
    """Kill -9 the tracking server; it comes back only after the command has ended."""
    with _served(place) as (server, port):
        command = place.sweep()
        _pause(random.uniform(0.3 * seconds, 0.9 * seconds))
        server.kill_group()
        command.wait()
        place.serve(port)


def server_hangs(place: Place, random: Random, seconds: float) -> None:
    """Let the tracking server stop for some seconds without closing its connections, as if the network were cut."""
    with _served(place) as (server, _):
        command = place.sweep()
        _pause(random.uniform(0.3 * seconds, 0.9 * seconds))
        server.kill_group(signal.SIGSTOP)
        _pause(random.uniform(1, 15))
        server.kill_group(signal.SIGCONT)
        command.wait()


def damaged_database(place: Place, random: Random, seconds: float) -> None:
    """Cut the database of a finished or half-finished sweep, and rebuild it from the journals."""
    command = place.sweep()
    if random.random() < 0.5:
        _pause(random.uniform(0.5 * seconds, seconds))
        command.kill()
        _end(place, command)
    command.wait()
    database = place.home_folder / "mlflow.db"
    if database.exists():
        _cut(database, random)
        for other in place.home_folder.glob("mlflow.db-*"):
            other.unlink()
    place.run("drain", "rebuild=true")


def lost_database(place: Place, random: Random, seconds: float) -> None:
    """Remove the database beside the artifacts, and rebuild it from the journals."""
    command = place.sweep()
    _pause(random.uniform(0.7 * seconds, seconds))
    command.kill()
    _end(place, command)
    for file in place.home_folder.glob("mlflow.db*"):
        file.unlink()
    place.run("drain", "rebuild=true")


def damaged_checkpoint(place: Place, random: Random, seconds: float) -> None:
    """Kill -9 the driver, and cut a checkpoint."""
    _damage(place, random, seconds, "checkpoints")


def damaged_journal(place: Place, random: Random, seconds: float) -> None:
    """Kill -9 the driver, and cut a journal of a trial that had not ended."""
    _damage(place, random, seconds, "spool")


def renamed_host(place: Place, random: Random, seconds: float) -> None:
    """Kill -9 a driver whose host then gets another name, as that of a pod that restarts."""
    place.prefix = ("unshare", "--uts", "sh", "-c", f'hostname before-{place.token[:8]}; exec "$@"', "sh")
    kill_driver(place, random, seconds)
    place.prefix = ("unshare", "--uts", "sh", "-c", f'hostname after-{place.token[:8]}; exec "$@"', "sh")


def skewed_clock(place: Place, random: Random, seconds: float) -> None:
    """Kill -9 a driver whose clock was wrong by up to an hour."""
    hours = random.uniform(-1, 1)
    place.variables = {
        "FAKETIME": f"{hours:+.3f}h",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "LD_PRELOAD": str(_faketime()),
    }
    kill_driver(place, random, seconds)
    place.variables = {}


def full_disk(place: Place, random: Random, seconds: float) -> None:
    """Let no file grow beyond some size, so that writes fail as on a full disk."""
    del seconds
    blocks = random.randint(100, 2500)  # of 512 bytes; the sqlite file has about 1,000
    place.prefix = ("sh", "-c", f'ulimit -f {blocks}; trap "" XFSZ; exec "$@"', "sh")
    command = place.sweep()
    command.wait()
    place.prefix = ()
    _end(place, command)


FAULTS: Mapping[str, Fault] = {
    fault.__name__: fault
    for fault in (
        kill_driver,
        kill_driver_twice,
        kill_worker,
        interrupt,
        interrupt_twice,
        terminate,
        kill_during_schema,
        two_drivers_one_home,
        two_drivers_two_homes,
        two_drivers_and_one_is_killed,
        server_dies_and_comes_back,
        server_dies,
        server_hangs,
        damaged_database,
        lost_database,
        damaged_checkpoint,
        damaged_journal,
        renamed_host,
        skewed_clock,
        full_disk,
    )
}
"""The faults by name."""


def impossible() -> dict[str, str]:
    """Return {fault: reason} of the faults that this machine does not allow."""
    reasons = {}
    if os.system("unshare --uts true 2>/dev/null") != 0:
        reasons["renamed_host"] = "this user may not rename the host"
    if _faketime() is None:
        reasons["skewed_clock"] = "there is no libfaketime (Debian package faketime)"
    return reasons


def _faketime() -> Path | None:
    return next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))), None) if which("sh") else None


@contextmanager
def _served(place: Place) -> Iterator[tuple[Command, int]]:
    """Start a tracking server and let the commands of the place use it."""
    port = free_port()
    place.store = f"http://127.0.0.1:{port}"
    yield place.serve(port), port


def _damage(place: Place, random: Random, seconds: float, folder: str) -> None:
    """Kill -9 the driver, and cut a file of a folder of its home."""
    command = place.sweep()
    _pause(random.uniform(0.3 * seconds, 0.9 * seconds))
    command.kill()
    _end(place, command)
    files = sorted(file for file in (place.home_folder / folder).rglob("*") if file.is_file() and file.stat().st_size)
    if folder == "spool":
        files = [file for file in files if _is_open(place, file)]
    if files:
        _cut(random.choice(files), random)


def _is_open(place: Place, journal: Path) -> bool:
    """Return whether the trial of a journal has no finished run, so that a damaged journal loses no result."""
    database = place.home_folder / "mlflow.db"
    if not database.exists():
        return b'"outcome"' not in journal.read_bytes()
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        query = "SELECT value FROM tags JOIN runs USING (run_uuid) WHERE key = 'digest' AND status = 'FINISHED'"
        done = {digest for (digest,) in connection.execute(query)}
    return not any(digest in str(journal) for digest in done)


def _cut(file: Path, random: Random) -> None:
    os.truncate(file, random.randrange(file.stat().st_size))


def _pause(seconds: float) -> None:
    time.sleep(seconds)


def _kill(process: int) -> None:
    try:
        os.kill(process, signal.SIGKILL)
    except ProcessLookupError:
        return


def _end(place: Place, command: Command) -> None:
    """Wait for the end of a killed command, and for that of the processes that it had started."""
    command.wait()
    assert wait_until(lambda: not place.processes(), 30), f"processes are left: {place.processes()}"
