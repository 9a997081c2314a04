"""Prints the digests of all trials of all experiments, or compares them with those of another revision.

  python -m tests.digests                          one line a trial: experiment, digest, cell digest, task, seed
  python -m tests.digests --data-root DIR          with the user's own files from a data root
  python -m tests.digests --against REV            the difference to a revision; exit code 1 if there is one

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

STAND_INS = {"series/daily-min-temperatures.csv": "Date,Temp\n1981-01-01,20.7\n1981-01-02,17.9\n"}
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
    trials = expand([f"experiment={experiment}", f"data_root={data_root}"]).trials
    return [
        f"{experiment} {trial.digest} {trial.build_cell().digest} {trial.build_task().name} {trial.seed}"
        for trial in trials
    ]


def main() -> int:
    """Print the digests or the comparison, and return the exit code."""
    parser = argparse.ArgumentParser("python -m tests.digests", description=__doc__.partition("\n")[0])
    parser.add_argument("--data-root", type=Path, metavar="DIR", help="a folder with the user's files")
    parser.add_argument("--against", metavar="REV", help="the revision to compare with")
    parser.add_argument("--checkout", type=Path, default=Path(__file__).parents[1], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    with TemporaryDirectory() as folder:
        data_root = arguments.data_root or Path(folder)
        if arguments.data_root is None:
            write_stand_ins(data_root)
        if arguments.against is not None:
            return _compare(arguments.checkout, arguments.against, data_root)
        for line in _all_lines(arguments.checkout, data_root):
            print(line)
    return 0


def _all_lines(checkout: Path, data_root: Path) -> Iterator[str]:
    expand = _find_expand(checkout)
    for experiment in experiments(checkout):
        try:
            yield from trial_lines(experiment, data_root, expand)
        except Exception as error:
            if type(error).__name__ != "MissingFile":
                raise
            print(f"{experiment} is left out: {error}", file=sys.stderr)


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


def _compare(checkout: Path, revision: str, data_root: Path) -> int:
    """Print the number of digests here and at a revision, and the lines that only one of them has."""
    with TemporaryDirectory() as folder:
        other = Path(folder).resolve()
        archive = subprocess.run(
            ["git", "-C", str(checkout), "archive", "--format=tar", revision], stdout=subprocess.PIPE, check=True
        )
        with tarfile.open(fileobj=BytesIO(archive.stdout)) as tar:
            tar.extractall(other, filter="data")
        here, there = _printed(checkout, data_root), _printed(other, data_root)
    print(f"{len(here)} digests here, {len(there)} at {revision}")
    only_there, only_here = Counter(there) - Counter(here), Counter(here) - Counter(there)
    difference = [*(f"- {line}" for line in only_there.elements()), *(f"+ {line}" for line in only_here.elements())]
    print("\n".join(["difference:", *difference]) if difference else "difference: none")
    return 1 if difference else 0


def _printed(checkout: Path, data_root: Path) -> list[str]:
    """Return the lines that this script prints for a checkout, in a process that imports only that checkout."""
    command = [sys.executable, "-P", __file__, "--checkout", str(checkout), "--data-root", str(data_root)]
    environment = os.environ | {"PYTHONPATH": str(checkout)}
    done = subprocess.run(command, cwd=checkout, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.splitlines()


if __name__ == "__main__":
    sys.exit(main())
