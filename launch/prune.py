"""List the files that nothing needs any more, with their sizes, and remove them with yes=true.

  gatebench prune             list the files
  gatebench prune yes=true    remove them

These are files and journals of runs that were deleted in MLflow, checkpoints of finished trials, caches, lock files of
killed processes, and old temporary folders. Nothing of a process that runs is removed. While a process uses the home,
only the lock files and temporary folders of other processes are removed. A run that is restored in MLflow afterwards
has no files. A server keeps its files itself; mlflow gc removes them there.
"""

import sys
import tempfile
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from rich.filesize import decimal

from gatebench.errors import UserError
from gatebench.machine.temporary_folders import abandoned_folders
from gatebench.records.prune.home_leftovers import dead_owner_files, home_leftovers, live_owner
from gatebench.records.prune.leftover import Leftover, leftovers, remove
from launch.config.arguments import parse_plan
from launch.config.settings import Settings
from launch.display.text_columns import align
from launch.running.known_outcomes import known_study, study_names
from launch.running.missing_records import missing_home

OLD_DAYS = 1.0
"""The age from which a temporary folder that no process uses counts as abandoned."""

PREFIX = "gatebench-"
"""The start of the names of gatebench's temporary folders."""


def run(argv: Sequence[str]) -> int:
    """Print what is, or was, removed. Return 0, or 1 if something could not be removed.

    Raises:
        UserError: the home does not exist, a study was chosen, or the records cannot be read.
    """
    plan = parse_plan("prune", __doc__, argv)
    if plan is None:
        return 0
    settings, home = plan.settings, plan.settings.home_folder
    if "study" in plan.keys:
        raise UserError(
            f"gatebench prune works on the whole home and not on one study; leave out study={settings.study}."
        )
    if not home.root.is_dir():
        raise missing_home(home, "there is nothing to remove")
    inside = list(dead_owner_files(home))
    if (owner := live_owner(home)) is None:
        inside += home_leftovers(home, *_finished(settings))
    else:
        print(f"The home is in use by {owner}; the other files in it are looked at when it has ended.", file=sys.stderr)
    temporary = Path(tempfile.gettempdir())
    outside = list(leftovers("old temporary folders", abandoned_folders(temporary, PREFIX, OLD_DAYS)))
    problems = []
    if settings.yes:
        problems = _remove(inside, home.root) + _remove(outside, temporary)
    _print([*inside, *outside], removed=settings.yes)
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def _finished(settings: Settings) -> tuple[set[str], set[str]]:
    """Return the digests of the trials with a result, and of those whose weights are kept with their run."""
    outcomes = [outcome for name in study_names(settings) for outcome in known_study(settings, name).outcomes]
    finished = {outcome.digest for outcome in outcomes if outcome.has_result}
    kept = {one.digest for one in outcomes if one.facts.get("weights", "").startswith("They are kept with the run")}
    return finished, finished & kept


def _remove(found: Sequence[Leftover], folder: Path) -> list[str]:
    problems = []
    for leftover in found:
        try:
            remove(leftover, folder)
        except UserError as error:
            problems.append(str(error))
    return problems


def _print(found: Sequence[Leftover], *, removed: bool) -> None:
    """Print the number and the size of the files of each kind."""
    if not found:
        print("There is nothing to remove.")
        return
    rows = [["files and folders", "number", "size"]]
    for kind, group in groupby(found, key=lambda leftover: leftover.kind):
        own = list(group)
        rows.append([kind, f"{len(own):,}", decimal(sum(leftover.size for leftover in own))])
    total = decimal(sum(leftover.size for leftover in found))
    rows.append(["all", f"{len(found):,}", total])
    print(align(rows, "lrr"))
    print("They were removed." if removed else "To remove them: gatebench prune yes=true")
