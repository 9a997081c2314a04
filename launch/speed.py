"""Time cells on their backends, forward and backward, beside torch and beside one another, once their results agree.

  gatebench speed                                                     lstm beside torch, in half a minute
  gatebench speed cell=lstm,janet 'shape=[784,64,1,128],[64,64,1,64]' threads=1,2
  gatebench speed cell=lstm backend=fused,native trace=true,false     with gates recorded, and without
  gatebench speed cell=lstm cell.ablate.i.fix=1                       an ablation beside its base
  gatebench speed cell=gru 'against=torch,torch plain' memory=true seconds=5 json=speed.json
  gatebench speed set=full threads=1,2 json=speed.json                all that the project says about its speed

Those of a contest take turns, so that what disturbs one of them disturbs all. conf/speed.yaml says what can be set, and
who is timed beside whom. Exit code 1: something differs from the reference, or failed.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

from gatebench.errors import UserError
from launch.config.arguments import read
from launch.config.speed_config import SpeedPlan, speed_plan
from launch.display.text_columns import align

if TYPE_CHECKING:
    from gatebench.speed.document import Document
    from gatebench.speed.text_tables import TextTable
    from gatebench.speed.timed_row import TimedRow


def run(argv: Sequence[str]) -> int:
    """Measure, print the tables, and write the JSON file: also what was measured until Ctrl-C.

    Returns:
        0; 1 where something differs or failed; 2 where everybody refused.

    Raises:
        UserError: a setting is not allowed.
    """
    given = read("speed", __doc__, argv)
    asked = speed_plan(given.overrides, given.config_dir)
    if given.cfg is not None:
        print(asked.text, end="")
        return 0
    file = _file(asked.settings.json)
    from gatebench.speed.document import Document  # torch, which no mistake has to wait for

    document = Document(asdict(asked.settings))
    try:
        _measure(asked, document)
    finally:
        if document.rows:
            _show(document, asked)
            if file is not None:
                document.write(file)
    if any(row.wrong for row in document.rows):
        return 1
    return 0 if any(row.timing for row in document.rows) else 2


def _file(text: str | None) -> Path | None:
    """Return where the JSON goes; better refused now than after a quarter of an hour."""
    if text is None:
        return None
    path = Path(text).expanduser()
    if path.is_dir() or not path.parent.is_dir():
        raise UserError(f"json is {text!r}; it must be a file in a folder that is there.")
    try:
        with TemporaryFile(dir=path.parent):
            return path
    except OSError as error:
        raise UserError(f"json is {text!r}, and nothing can be written there: {error.strerror}.") from None


def _measure(asked: SpeedPlan, document: Document) -> None:
    """Run all contests, and put what they find into the document."""
    import torch

    from gatebench.machine import peak_memory
    from gatebench.machine.allocator import keep_memory
    from gatebench.speed.agreement import AgreementChecker
    from gatebench.speed.measure import gemm_peak
    from gatebench.speed.timing import Conditions, run_benchmark

    settings, judge = asked.settings, AgreementChecker()
    if any(contest.memory for contest in asked.contests) and (reason := peak_memory.trouble()) is not None:
        raise UserError(reason)
    document.allocator = keep_memory() if settings.keep_memory else "The allocator is left as it is."
    threads = settings.threads or [torch.get_num_threads()]
    for count in threads:
        torch.set_num_threads(count)
        document.gemm_peak[count] = gemm_peak()
    document.contests, start = len(asked.contests) * len(threads), time.monotonic()
    for contest in asked.contests:
        for count in threads:
            memory = count == threads[0]  # it hardly depends on the number of threads
            conditions = Conditions(count, settings.seconds, document.gemm_peak[count], memory, settings.keep_memory)
            rows = run_benchmark(contest, conditions, judge)
            document.rows += rows
            document.done += 1
            _tell(rows, document, (time.monotonic() - start) / document.done)


def _tell(rows: Sequence[TimedRow], document: Document, seconds: float) -> None:
    """Say on stderr that a contest is over, and how many are left, where one takes so many seconds."""
    from gatebench.machine.other_processes import QUIET

    left = document.contests - document.done
    number = f"{document.done:>{len(str(document.contests))}}/{document.contests}"
    found = ", ".join(
        f"{row.label} {row.timing.median * 1e3:.2f} ms" if row.timing else f"{row.label} {row.verdict}" for row in rows
    )
    if (rows[0].others or 0) > QUIET:
        found += f"; others took {rows[0].others:.1f} cores"
    rest = left * seconds
    minutes = f"  ({left} left, about {f'{rest:.0f} s' if rest < 60 else f'{rest / 60:.0f} min'})" if left else ""
    first = rows[0]
    print(f"{number}  {first.cell} · {first.shape} · threads {first.threads}  {found}{minutes}", file=sys.stderr)


def _show(document: Document, asked: SpeedPlan) -> None:
    """Print what was found: the rows, what is to be said about them, and the summaries."""
    from gatebench.speed.text_tables import legend, notes, recording, results, summary

    table = results(document.rows)
    print(f"{_text(table)}\n")
    print("\n".join([*notes(document.rows), *legend(table), *_who(document, asked)]))
    peaks = ", ".join(f"{peak / 1e9:.0f} on {count}" for count, peak in document.gemm_peak.items())
    print(f"GEMM peak, GFLOP/s by threads: {peaks}. {document.allocator}")
    for title, sheet in {
        "How many times as fast, over the shapes (mean: the geometric one)": summary(document.rows),
        "What recording the gates costs, over the shapes": recording(document.rows),
    }.items():
        if sheet is not None:
            print(f"\n{title}\n{_text(sheet)}")
    if document.done < document.contests:
        print(f"\nStopped after {document.done} of {document.contests} contests.")


def _who(document: Document, asked: SpeedPlan) -> list[str]:
    """Return what each contestant of the rows is."""
    from gatebench.backends.registry import find

    ones = {one.name: one for contest in asked.contests for one in contest.contestants}
    what = {name: one.description or find(one.runner).DESCRIPTION for name, one in ones.items()}
    return [f"{name}: {what[name]}." for name in dict.fromkeys(row.contestant for row in document.rows)]


def _text(sheet: TextTable) -> str:
    return "\n".join(filter(None, [sheet.above, align(sheet.lines, sheet.sides)]))
