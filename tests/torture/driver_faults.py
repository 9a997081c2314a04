"""The faults that meet the driver: signals, two drivers, a wrong clock, a renamed host."""

import signal
from pathlib import Path
from random import Random

from tests.torture.place import Place, wait_until


def kill_driver(place: Place, random: Random) -> None:
    """Kill -9 the driver at any moment; its drain, the writer of the records, dies with it."""
    command = place.sweep()
    place.await_moment(command, random)
    place.injected += command.kill()
    command.wait()
    if random.random() < 0.25:  # else the next command begins while the processes of this one still end
        place.wait_for_the_end(command)


def kill_driver_twice(place: Place, random: Random) -> None:
    """Kill -9 the driver, and the driver that continues the sweep."""
    for _ in range(2):
        kill_driver(place, random)


def interrupt(place: Place, random: Random) -> None:
    """Press Ctrl-C once: the running trials end, and the command too."""
    _interrupt(place, random, [signal.SIGINT])


def interrupt_twice(place: Place, random: Random) -> None:
    """Press Ctrl-C twice: the running trials are stopped."""
    _interrupt(place, random, [signal.SIGINT, signal.SIGINT])


def terminate(place: Place, random: Random) -> None:
    """Send SIGTERM: the running trials save a checkpoint and stop."""
    _interrupt(place, random, [signal.SIGTERM])


def _interrupt(place: Place, random: Random, signals: list[signal.Signals]) -> None:
    """Send signals to the driver, which must end, and leave no process."""
    command = place.sweep()
    place.await_moment(command, random)
    for number in signals:
        place.injected += command.kill(number)
        wait_until(lambda: not command.runs, random.uniform(0.05, 1) if len(signals) > 1 else 0)
    expected = {0, 130, *(-number for number in signals)}  # negative: before Python had set its handlers
    assert command.wait() in expected, f"exit code {command.process.returncode}: {command.text}"
    assert wait_until(lambda: not place.processes(), 20), f"processes are left: {place.left()}"


def kill_during_schema(place: Place, random: Random) -> None:
    """Kill -9 the driver while it creates a fresh store."""
    command = place.sweep()
    assert wait_until(lambda: any(place.home_folder.glob("*mlflow.db*")) or not command.runs)
    wait_until(lambda: not command.runs, random.uniform(0, 1.5))
    place.injected += command.kill()
    command.wait()


def two_drivers_one_home(place: Place, random: Random) -> None:
    """Start the same sweep twice at nearly the same time, on one home."""
    first = place.sweep()
    place.injected += place.await_moment(first, random)
    second = place.sweep()
    codes = first.wait(), second.wait()
    assert codes == (0, 0), f"{codes}\n{first.text}\n{second.text}"


def two_drivers_two_homes(place: Place, random: Random) -> None:
    """Start the same sweep twice, with two homes and one store."""
    place.store = f"sqlite:///{place.root / 'shared.db'}"
    first = place.sweep()
    place.injected += place.await_moment(first, random)
    second = place.sweep(home="other")
    codes = first.wait(), second.wait()
    assert codes == (0, 0), f"{codes}\n{first.text}\n{second.text}"


def two_drivers_and_one_is_killed(place: Place, random: Random) -> None:
    """Start the same sweep twice on one home, and kill -9 one of the drivers."""
    commands = [place.sweep(), place.sweep()]
    victim = random.choice(commands)
    place.await_moment(victim, random)
    place.injected += victim.kill()
    for command in commands:
        command.wait()


def renamed_host(place: Place, random: Random) -> None:
    """Kill -9 a driver whose host then gets another name, as that of a pod that restarts."""
    place.prefix = ("unshare", "--uts", "sh", "-c", f'hostname before-{place.token[:8]}; exec "$@"', "sh")
    kill_driver(place, random)
    place.prefix = ("unshare", "--uts", "sh", "-c", f'hostname after-{place.token[:8]}; exec "$@"', "sh")


def skewed_clock(place: Place, random: Random) -> None:
    """Kill -9 a driver whose clock was wrong by up to an hour."""
    place.variables = {
        "FAKETIME": f"{random.uniform(-1, 1):+.3f}h",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "LD_PRELOAD": str(faketime()),
    }
    kill_driver(place, random)
    place.variables = {}


def faketime() -> Path | None:
    """Return the library that changes the clock of a process; None if it is not installed."""
    return next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))), None)
