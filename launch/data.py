"""List the data sets, fetch them from their official sources, or verify the files that exist.

  gatebench data list                        list the data sets, their licences and their folders
  gatebench data fetch mnist ett             fetch missing files into the data root; resume interrupted downloads
  gatebench data verify                      compare all existing files with the published checksums
  gatebench data verify imdb data_root=DIR   verify only this data set; a missing file is then an error

The data root is data_root=DIR, else $GATEBENCH_DATA, else gatebench/data in the user's cache folder.
"""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.filesize import decimal

from gatebench.errors import UserError, unknown
from launch.config.options import split_options
from launch.display.text_columns import align
from launch.display.transfer_bar import Transfer
from tasks.catalogue import DATASETS
from tasks.data.datasets import Dataset
from tasks.data.fetching import fetch
from tasks.data.local_files import locate, missing_files, verify

SUBJECTS = ("list", "fetch", "verify")


def run(argv: Sequence[str]) -> int:
    """Run the command; return 0, or 1 if a file is missing or is not the published one.

    Raises:
        UserError: a data set does not exist, or it cannot be fetched.
    """
    from launch.config.arguments import parse_plan

    words, options = split_options(argv or ["--help"])
    subject, *rest = words if words and "=" not in words[0] else ["list", *words]
    if subject not in SUBJECTS:
        raise unknown("subject", subject, SUBJECTS, where="of gatebench data")
    names = list(dict.fromkeys(word for word in rest if "=" not in word))
    plan = parse_plan("data", __doc__, [*(word for word in rest if "=" in word), *options])
    if plan is None:
        return 0
    chosen, root = [_dataset(name) for name in names], plan.settings.data_folder
    if subject == "list":
        print(listing(chosen or DATASETS.values(), root))
        return 0
    if subject == "verify":
        return _verify(chosen, root)
    if not chosen:
        raise UserError(f"gatebench data fetch needs the names of data sets. Allowed: {', '.join(sorted(DATASETS))}.")
    for dataset in chosen:
        _fetch(dataset, root)
    return 0


def listing(datasets: Iterable[Dataset], root: Path) -> str:
    """Return a table of the data sets with the folder of each one, or the number of its files below the data root."""
    rows = [("data set", "size", "where", "tasks", "licence")]
    for dataset in datasets:
        rows.append(
            (dataset.name, decimal(dataset.size), _where(dataset, root), ", ".join(dataset.tasks), dataset.licence)
        )
    return f"{align(rows, 'lrlll')}\n\nThe data root is {root}. Other tasks need no files, or bring them along."


def _where(dataset: Dataset, root: Path) -> str:
    if paths := locate(dataset, root):
        return paths[0].parent.relative_to(root).as_posix()
    existing = len(dataset.files) - len(missing_files(dataset, root))
    if existing:
        return f"{existing} of {len(dataset.files)} files"
    return "no, by hand" if dataset.needs_manual_download else "no"


def _fetch(dataset: Dataset, root: Path) -> None:
    with Transfer() as transfer:
        fetched = fetch(dataset, root, transfer.show)
    place = locate(dataset, root)[0].parent
    if not fetched:
        print(f"{dataset.name} is present and verified, in {place}.")
        return
    print(f"{dataset.name} was fetched and verified; it is in {place}. {dataset.title}; licence: {dataset.licence}.")


def _verify(chosen: Sequence[Dataset], root: Path) -> int:
    """Print a line for each file; return 1 if a file is wrong, or if a file of a named data set is missing."""
    failed, absent = False, []
    for dataset in chosen or DATASETS.values():
        if not chosen and len(missing_files(dataset, root)) == len(dataset.files):
            absent.append(dataset.name)
            continue
        with Transfer() as transfer:
            findings = list(verify(dataset, root, transfer.show))
        for finding in findings:
            print(f"{finding.verdict:<7}  {finding.path}" + (f": {finding.fault}" if finding.fault else ""), flush=True)
        failed |= any(finding.verdict == "wrong" or (chosen and finding.verdict == "missing") for finding in findings)
    if absent:
        print(f"Not in {root}: {', '.join(absent)}.", file=sys.stderr)
    return 1 if failed else 0


def _dataset(name: str) -> Dataset:
    if name not in DATASETS:
        raise unknown("data set", name, DATASETS)
    return DATASETS[name]
