"""Many rounds of fault injection with printed seeds.

python -m tests.torture                    one round of each fault
python -m tests.torture N=50 seed=7        50 rounds, the faults in turn
python -m tests.torture only=kill_driver   one fault
python -m tests.torture keep=lost          copy what the commands of lost rounds printed into the folder lost

Every round: a fault, then the same command again. Afterwards the table must be that of an undisturbed sweep in all
columns but seconds, the weights must be the same bits, each trial and each epoch must be recorded once, no run may be
open, and no process may be left.
"""

import shutil
import sys
import time
from collections import Counter
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from tests.torture.faults import FAULTS, impossible
from tests.torture.place import Place
from tests.torture.verdict import Result, result


def main(arguments: list[str]) -> int:
    """Run the rounds, print what was survived, and return the number of lost rounds, at most 1."""
    options = dict(argument.split("=", 1) for argument in arguments)
    names = options["only"].split(",") if "only" in options else list(FAULTS)
    for name, reason in impossible().items():
        if name in names:
            names.remove(name)
            print(f"{name} is left out: {reason}.")
    rounds, first = int(options.get("N", len(names))), int(options.get("seed", 0))
    expected, seconds = _undisturbed()
    print(f"An undisturbed sweep takes {seconds:.1f} s.", flush=True)
    survived: Counter[str] = Counter()
    injected: Counter[str] = Counter()
    for number in range(rounds):
        name, seed = names[number % len(names)], first + number
        injected[name] += 1
        began = time.monotonic()
        trouble = one_round(name, seed, expected, seconds, Path(options["keep"]) if "keep" in options else None)
        survived[name] += trouble is None
        state = "survived" if trouble is None else f"LOST: {trouble}"
        print(f"{number + 1}/{rounds} {name} seed={seed} {time.monotonic() - began:.1f} s {state}", flush=True)
    print()
    for name, count in injected.items():
        print(f"{name:32} {survived[name]:4} of {count:4} survived")
    print(f"{'all':32} {survived.total():4} of {injected.total():4} survived")
    return int(survived.total() < injected.total())


def one_round(name: str, seed: int, expected: Result, seconds: float, keep: Path | None = None) -> str | None:
    """Run one round and return what went wrong; None: nothing.

    Args:
        name: the fault.
        seed: the seed of the moments and of the victims.
        expected: the result of an undisturbed sweep.
        seconds: the seconds that it took.
        keep: the folder that gets the logs of a lost round; None: they are removed.
    """
    with TemporaryDirectory(prefix="torture-", ignore_cleanup_errors=True) as folder:
        place = Place(Path(folder))
        try:
            FAULTS[name](place, Random(seed), seconds)
            _check_equal(_completed(place), expected)
        except AssertionError as error:
            _keep_logs(place, keep and keep / f"{name}-{seed}")
            return str(error)
        else:
            return None
        finally:
            place.end()


def _keep_logs(place: Place, folder: Path | None) -> None:
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        for log in place.root.glob("*.log"):
            shutil.copy(log, folder)


def _completed(place: Place) -> Result:
    """Run the same command again and return the result."""
    command = place.sweep()
    code = command.wait()
    assert code == 0, f"the second command ended with {code}:\n{command.text[-3000:]}"
    place.run("drain")
    return result(place, _database(place))


def _database(place: Place) -> Path:
    if place.store is None:
        return place.home_folder / "mlflow.db"
    return place.root / ("shared.db" if place.store.startswith("sqlite") else "server.db")


def _check_equal(found: Result, expected: Result) -> None:
    assert found.weights == expected.weights, "the weights differ"
    pairs = zip(found.table, expected.table, strict=True)
    differences = [item for own, other in pairs for item in set(own) ^ set(other)]
    assert not differences, f"the table differs: {differences[:8]}"


def _undisturbed() -> tuple[Result, float]:
    """Return the result of an undisturbed sweep, and its seconds."""
    with TemporaryDirectory(prefix="torture-") as folder:
        place = Place(Path(folder))
        try:
            began = time.monotonic()
            command = place.sweep()
            assert command.wait() == 0, command.text
            seconds = time.monotonic() - began
            return result(place, _database(place)), seconds
        finally:
            place.end()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
