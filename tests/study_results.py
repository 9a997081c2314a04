"""Write the pages of studies that were run: `python -m tests.study_results STUDY...` with GATEBENCH_HOME set.

A study whose command had further overrides is given with them, as one argument: "chung2014_music trials=5".

For each study three files appear in docs/results: STUDY.md with the command and the table, STUDY.csv with a row for
each trial, and STUDY.html, the report with pictures. All of them are printed by gatebench from the records. The table
has the experiment's view.
"""

import subprocess
import sys
from pathlib import Path

from launch.config.compose import expand
from tests.paths import ROOT

FOLDER = ROOT / "docs" / "results"
KINDS = "scores,boxes,curves,gradient"
"""The pictures of a report: those that show the question of most studies, so that the file stays small."""

COLUMNS = "digest,cell,task,seed,status,score"


def main(studies: list[str]) -> None:
    """Write the files of each study."""
    FOLDER.mkdir(exist_ok=True)
    for given in studies:
        study, _, overrides = given.partition(" ")
        view = f"view={expand([f'experiment={study}']).settings.view}"
        table = _printed("table", f"study={study}", view, "format=markdown")
        page = FOLDER / f"{study}.md"
        page.write_text(_page(study, overrides, table), encoding="utf-8")
        trials = _printed("table", f"study={study}", "format=trials-csv", f"columns={COLUMNS}")
        page.with_suffix(".csv").write_text(trials, encoding="utf-8")
        _printed("report", f"study={study}", view, f"kind={KINDS}", f"page={page.with_suffix('.html')}")
        print(f"{study}: {trials.count(chr(10)) - 1} trials")


def _page(study: str, overrides: str, table: str) -> str:
    """Return the page of a study.

    Args:
        study: its name, which is that of its experiment.
        overrides: the further overrides of its command.
        table: its table in Markdown.
    """
    heading, rest = table.split("\n", 1)
    # The site's dialect of Markdown has no escape of "<", and a page has one heading of the first level.
    rest = rest.replace("\\<", "&lt;").replace("\n### ", "\n## ")
    command = f"gatebench sweep experiment={study} {overrides}".rstrip()
    links = f"[the report with pictures]({study}.html), [the trials with their digests]({study}.csv)"
    title = heading.removeprefix("## ")
    return f"# {title}\n{rest.rstrip()}\n\nCommand: `{command}`. More: {links}.\n"


def _printed(*words: str) -> str:
    """Return the text that a command of gatebench prints."""
    command = [sys.executable, "-m", "launch", *words]
    return subprocess.run(command, cwd=Path(ROOT), check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    main(sys.argv[1:])
