"""Many rounds of fault injection with printed seeds.

python -m tests.torture                    one round of each kind of fault
python -m tests.torture N=50 seed=7        50 rounds, the kinds in turn
python -m tests.torture only=kill_driver   one kind
python -m tests.torture kinds              list the kinds
python -m tests.torture keep=lost          copy the output of the commands of lost rounds into the folder lost

Every round: faults, then the same command again. Afterwards the table must be that of an undisturbed sweep in all
columns but seconds, the weights must be the same bits, each trial and each epoch must be recorded once, no run may be
open, and no process may be left.
"""

import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory

from tests.torture.checks import import_commands, run_in_a_copy
from tests.torture.faults import FAULTS, impossible, load_of
from tests.torture.loads import Load
from tests.torture.place import Place
from tests.torture.verdict import Result, result


@dataclass(frozen=True)
class Round:
    """A round that has ended.

    Attributes:
        kind: the kind of its faults.
        injected: the number of faults that met a running command, or its files.
        trouble: what went wrong; None: nothing.
        seconds: its seconds.
    """

    kind: str
    injected: int
    trouble: str | None
    seconds: float


def main(arguments: list[str]) -> int:
    """Run the rounds, print what was survived, and return 1 if a round was lost, else 0."""
    if arguments == ["kinds"]:
        _print_kinds()
        return 0
    options = dict(argument.split("=", 1) for argument in arguments)
    names = _chosen(options.get("only"))
    count, first = int(options.get("N", len(names))), int(options.get("seed", 0))
    keep = Path(options["keep"]) if "keep" in options else None
    import_commands()
    rounds: list[Round] = []
    with TemporaryDirectory(prefix="torture-cache-") as cache:
        expected = _References(Path(cache))
        for number in range(count):
            name, seed = names[number % len(names)], first + number
            expected.of(load_of(name))
            rounds.append(one_round(name, seed, expected, keep))
            print(f"{number + 1}/{count} {_line(rounds[-1], seed)}", flush=True)
    print(f"\n{_summary(rounds)}")
    return int(any(one.trouble is not None for one in rounds))


class _References:
    """The results of undisturbed sweeps. Each sweep runs once.

    Args:
        cache: the folder that all rounds share.
    """

    def __init__(self, cache: Path) -> None:
        self.cache = cache
        self._results: dict[Load, Result] = {}

    def of(self, load: Load) -> Result:
        """Return the result of an undisturbed sweep."""
        if load not in self._results:
            with TemporaryDirectory(prefix="torture-") as folder:
                place = Place(Path(folder), self.cache, load)
                try:
                    began = time.monotonic()
                    command = place.sweep()
                    assert command.wait() == 0, command.text
                    seconds = time.monotonic() - began
                    self._results[load] = result(place, _database(place))
                finally:
                    place.end()
            print(f"An undisturbed sweep of {load.trials} trials takes {seconds:.1f} s.", flush=True)
        return self._results[load]


def _chosen(only: str | None) -> list[str]:
    """Return the names of the kinds that are asked for and possible."""
    names = only.split(",") if only else list(FAULTS)
    if unknown := [name for name in names if name not in FAULTS]:
        raise SystemExit(f"There is no kind {unknown[0]!r}; the kinds are {', '.join(FAULTS)}.")
    for name, reason in impossible().items():
        if name in names:
            names.remove(name)
            print(f"{name} is left out: {reason}.")
    return names


def _print_kinds() -> None:
    for name, fault in FAULTS.items():
        print(f"{name:30} {(fault.__doc__ or '').strip()}")


def one_round(name: str, seed: int, expected: _References, keep: Path | None = None) -> Round:
    """Run one round.

    Args:
        name: the kind of its faults.
        seed: the seed of the moments and of the victims.
        expected: the results of undisturbed sweeps.
        keep: the folder that gets the logs of a lost round; None: they are removed.
    """
    load, trouble, began = load_of(name), None, time.monotonic()
    with TemporaryDirectory(prefix="torture-", ignore_cleanup_errors=True) as folder:
        place = Place(Path(folder), expected.cache, load)
        try:
            FAULTS[name](place, Random(seed))
            _check_equal(_completed(place), expected.of(load))
        except AssertionError as error:
            _keep_logs(place, keep and keep / f"{name}-{seed}")
            trouble = str(error) or f"{type(error).__name__}"
        finally:
            place.end()
    return Round(name, place.injected, trouble, time.monotonic() - began)


def _line(one: Round, seed: int) -> str:
    state = "survived" if one.trouble is None else f"LOST: {one.trouble}"
    if not one.injected and one.trouble is None:
        state = "missed: the command had ended before the fault"
    return f"{one.kind} seed={seed} {one.seconds:.1f} s, {one.injected} injected, {state}"


def _summary(rounds: list[Round]) -> str:
    """Return a table with a line for each kind, and one for all."""
    lines = [f"{'kind':30} rounds  lost  injected  survived  seconds a round"]
    kinds = list(dict.fromkeys(one.kind for one in rounds))
    for kind in [*kinds, None]:
        own = [one for one in rounds if kind in (None, one.kind)]
        injected = sum(one.injected for one in own)
        survived = sum(one.injected for one in own if one.trouble is None)
        lost = sum(one.trouble is not None for one in own)
        lines.append(
            f"{kind or 'all':30} {len(own):6} {lost:5} {injected:9} {survived:9} {median(o.seconds for o in own):16.1f}"
        )
    return "\n".join(lines)


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
    if place.attempts("open"):
        run_in_a_copy(place, "drain")
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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
