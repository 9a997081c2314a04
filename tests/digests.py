"""Prints the digests of all trials of all experiments, or compares them with those of another revision.

  python -m tests.digests                          one line a trial: experiment, digest, cell digest, task, seed
  python -m tests.digests --data-root DIR          with the user's own files from a data root
  python -m tests.digests --against REV            the difference to a revision of git

Exit code 1: there is a difference. Exit code 2: a wrong argument.

A digest depends on the content of a user's file, not on its folder. Without --data-root, the files in `STAND_INS` are
generated, so the output is the same on every machine. An experiment whose file is missing is left out, with the reason
on stderr.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tarfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

STAND_INS = {
    "series/daily-min-temperatures.csv": "Date,Temp\n1981-01-01,20.7\n1981-01-02,17.9\n",
    "images/a/1.png": "1",
    "images/b/2.png": "2",
    "videos/a/1/1.png": "1",
    "videos/b/2/1.png": "2",
    "sounds/a/1.wav": "1",
    "sounds/b/2.wav": "2",
    "texts.csv": "text,label\ngood,1\nbad,0\n",
    "tinyshakespeare/input.txt": "First Citizen:\nBefore we proceed\n",
}
"""The files below the data root that an experiment's digest depends on, and what stands in for their content."""

COMPOSERS = ("launch.config.compose", "launch.compose")
"""The modules that have had the function `expand`, the present one first."""


def write_stand_ins(root: Path) -> None:
    """Write the files in `STAND_INS` below a data root."""
    for name, text in STAND_INS.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def experiments(checkout: Path) -> list[str]:
    """Return the names of the experiments of a checkout, sorted."""
    return sorted(path.stem for path in (checkout / "conf" / "experiment").glob("*.yaml"))


def trial_lines(experiment: str, data_root: Path, expand: Callable[[Sequence[str]], Any]) -> list[str]:
    """Return a line for each trial of an experiment: experiment, digest, cell digest, task, seed.

    Args:
        experiment: its name.
        data_root: the folder with the user's files.
        expand: the function of `launch.config.compose`, of the revision to print.
    """
    return lines_of(experiment, expand([f"experiment={experiment}", f"data_root={data_root}"]).trials)


def lines_of(experiment: str, trials: Sequence[Any]) -> list[str]:
    """Return the lines of the trials of an experiment; see `trial_lines`."""
    return [
        f"{experiment} {trial.digest} {trial.build_compared().digest} {trial.build_task().name} {trial.seed}"
        for trial in trials
    ]


def all_lines(checkout: Path, data_root: Path) -> Iterator[str]:
    """Yield the lines of all experiments of a checkout; print the reason on stderr if one is left out."""
    expand = _find_expand(checkout)
    for experiment in experiments(checkout):
        try:
            yield from trial_lines(experiment, data_root, expand)
        except Exception as error:
            if type(error).__name__ != "MissingFile":  # the class has had several modules
                raise
            print(f"{experiment} is left out: {error}", file=sys.stderr)


def difference(before: Sequence[str], after: Sequence[str]) -> list[str]:
    """Return the lines that only one side has: with "- " in front if only `before` has them, else with "+ ".

    >>> difference(["adding 1", "copying 2"], ["adding 1", "copying 3"])
    ['- copying 2', '+ copying 3']
    """
    only_before, only_after = Counter(before) - Counter(after), Counter(after) - Counter(before)
    return [*(f"- {line}" for line in only_before.elements()), *(f"+ {line}" for line in only_after.elements())]


def main(argv: Sequence[str] | None = None) -> int:
    """Print the digests or the comparison, and return the exit code."""
    parser = argparse.ArgumentParser("python -m tests.digests", description=str(__doc__).partition("\n")[0])
    parser.add_argument("--data-root", type=Path, metavar="DIR", help="a folder with the user's files")
    parser.add_argument("--against", metavar="REV", help="the revision to compare with")
    parser.add_argument("--checkout", type=Path, default=Path(__file__).parents[1], help=argparse.SUPPRESS)
    arguments = parser.parse_args(argv)
    with TemporaryDirectory() as folder:
        data_root = arguments.data_root or Path(folder)
        if arguments.data_root is None:
            write_stand_ins(data_root)
        if arguments.against is None:
            for line in all_lines(arguments.checkout, data_root):
                print(line)
            return 0
        archive = _archive(arguments.checkout, arguments.against)
        if archive is None:
            parser.error(f"git has no revision {arguments.against!r}")
        return _compare(arguments.checkout, arguments.against, archive, data_root)


def _find_expand(checkout: Path) -> Callable[[Sequence[str]], Any]:
    """Return the function `expand` of a checkout, and make sure that it is not that of another checkout."""
    for name in COMPOSERS:
        path = checkout.joinpath(*name.split(".")).with_suffix(".py")
        if path.is_file():
            module = import_module(name)
            if Path(str(module.__file__)).resolve() != path.resolve():
                raise RuntimeError(f"{name} was imported from {module.__file__} instead of {path}.")
            expand: Callable[[Sequence[str]], Any] = module.expand
            return expand
    raise RuntimeError(f"{checkout} has none of the modules {', '.join(COMPOSERS)}.")


def _archive(checkout: Path, revision: str) -> bytes | None:
    """Return the files of a revision as a tar archive, or None if there is no such revision."""
    git = ["git", "-C", str(checkout)]
    verified = subprocess.run([*git, "rev-parse", "--quiet", "--verify", f"{revision}^{{commit}}"], capture_output=True)
    if verified.returncode:
        return None
    commit = verified.stdout.decode().strip()
    return subprocess.run([*git, "archive", "--format=tar", commit], stdout=subprocess.PIPE, check=True).stdout


def _compare(checkout: Path, revision: str, archive: bytes, data_root: Path) -> int:
    """Print the numbers of digests here and at a revision, and the difference; return 1 if there is one, else 0."""
    with TemporaryDirectory() as folder:
        other = Path(folder).resolve()
        with tarfile.open(fileobj=BytesIO(archive)) as tar:
            tar.extractall(other, filter="data")
        before, after = _printed(other, data_root), _printed(checkout, data_root)
    print(f"{len(after)} digests here, {len(before)} at {revision}")
    lines = difference(before, after)
    print("\n".join(["difference:", *lines]) if lines else "difference: none")
    return 1 if lines else 0


def _printed(checkout: Path, data_root: Path) -> list[str]:
    """Return the lines that this script prints for a checkout, in a process that imports only that checkout."""
    command = [sys.executable, "-P", __file__, "--checkout", str(checkout), "--data-root", str(data_root)]
    environment = os.environ | {"PYTHONPATH": str(checkout)}
    done = subprocess.run(command, cwd=checkout, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.splitlines()


if __name__ == "__main__":
    sys.exit(main())
