"""Draw pictures of a study from its records, as SVG and as PNG.

  gatebench plot study=mine                                   all kinds of pictures
  gatebench plot study=mine kind=boxes,curves                 some kinds
  gatebench plot study=mine kind=saturation file=gates.svg    one picture; the ending is the format: svg or png
  gatebench plot study=mine file=pictures                     the folder of the pictures
  gatebench plot experiment=quickstart cell=lstm,gru          only these trials; all settings are those of the sweep
  gatebench plot study=mine record=true                       also as files of the study's report in MLflow

Without file=, the pictures lie in the folder plots/STUDY of the home.
"""

import sys
from collections import Counter
from collections.abc import Iterable, Sequence

from gatebench.errors import UserError, unknown
from gatebench.outcome import Outcome
from gatebench.records.record import Record
from gatebench.report.figures.file_name import file_name
from gatebench.report.figures.kinds import KINDS, Kind, draw
from gatebench.report.figures.task_trials import NothingToDrawError, TaskTrials
from gatebench.study import Study
from launch.config.arguments import parse_plan
from launch.config.compose import Plan
from launch.drawn_tasks import drawn_tasks
from launch.picture_files import PictureFiles
from launch.running.known_outcomes import KnownStudy, known_study
from launch.running.missing_records import missing_study
from launch.running.search_past import past_trials

ALL = "all"
"""The name that stands for all kinds."""


def run(argv: Sequence[str]) -> int:
    """Write the pictures and return 0.

    Raises:
        UserError: a kind or a format does not exist, the study has no trials to draw, a file cannot be written, or the
            records do not have the data of a kind that was named.
    """
    plan = parse_plan("plot", f"{__doc__}\nThe kinds are\n\n{_kinds_text()}\n", argv, read_past=past_trials)
    if plan is None:
        return 0
    settings, study = plan.settings, plan.settings.one_study
    kinds, files = chosen_kinds(settings.kind), PictureFiles.of(settings)
    known = known_study(settings, study)
    if not known.outcomes:
        raise missing_study(settings, study)
    record = Record(settings.home_folder, study, settings.records_uri)
    outcomes = _chosen_outcomes(plan, known)
    tasks = drawn_tasks(known.declaration or Study(study), outcomes, record, kinds, known.outcomes)
    if not tasks:
        ends = ", ".join(f"{count} {status}" for status, count in Counter(one.status for one in outcomes).items())
        raise UserError(f"No trial of the study {study!r} has finished with a validation score ({ends}).")
    pictures, missing = draw_all(kinds, tasks, files.formats)
    for path in files.write(pictures) if pictures else ():
        print(path)
    if settings.record and pictures:
        record.add_to_report({f"figures/{name}": content for name, content in pictures.items()})
    if missing and not _all_kinds(settings.kind):
        raise UserError(" ".join(missing))
    for sentence in missing:
        print(sentence, file=sys.stderr)
    return 0


def chosen_kinds(names: Sequence[str]) -> list[Kind]:
    """Return the kinds of these names; all kinds if there is no name, or the name "all".

    Raises:
        UserError: there is no such kind.
    """
    for name in names:
        if name not in (*KINDS, ALL):
            raise unknown("kind", name, [*KINDS, ALL], where="of picture")
    return list(KINDS.values()) if _all_kinds(names) else [KINDS[name] for name in dict.fromkeys(names)]


def draw_all(
    kinds: Iterable[Kind], tasks: Sequence[TaskTrials], formats: Sequence[str]
) -> tuple[dict[str, bytes], list[str]]:
    """Return the pictures by the names of their files, and a sentence for each one that lacks its data.

    Args:
        kinds: the kinds.
        tasks: the trials of each task.
        formats: the formats of each picture.
    """
    pictures: dict[str, bytes] = {}
    missing = []
    for kind in kinds:
        for trials in tasks:
            name = file_name(f"{kind.name} {trials.task}").rstrip("_") if len(tasks) > 1 else kind.name
            try:
                pictures |= {f"{name}.{form}": content for form, content in draw(kind, trials, formats).items()}
            except NothingToDrawError as error:
                missing.append(f"There is no picture {name!r}: {error}")
    return pictures, missing


def _all_kinds(names: Sequence[str]) -> bool:
    return not names or ALL in names


def _kinds_text() -> str:
    width = max(map(len, KINDS))
    return "\n".join(f"  {name:<{width}}  {kind.description}" for name, kind in KINDS.items())


def _chosen_outcomes(plan: Plan, known: KnownStudy) -> list[Outcome]:
    """Return the outcomes of the plan's trials, or all if the plan chooses no trials.

    Raises:
        UserError: the records have none of the chosen trials.
    """
    digests = {trial.digest for trial in plan.trials}
    outcomes = [one for one in known.outcomes if one.digest in digests or not plan.chosen]
    if not outcomes:
        raise UserError(
            f"The study {plan.settings.one_study!r} does not contain any of the trials of these settings; the settings "
            "must be those of its sweep, with its experiment=… or task=…."
        )
    return outcomes
