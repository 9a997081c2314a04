"""The declaration of a study: checked before training, kept with the records, and the same in every table.

The experiment or the command line declares the study, and the records keep the declaration. A table without an
experiment uses that of the records, with the parts that its command line sets.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from gatebench.cells import ARCHITECTURES, cell_names
from gatebench.errors import unknown
from gatebench.report.run_metrics import RUN_METRICS
from gatebench.study import ALL_METRICS, Study, combined
from gatebench.task import Metric
from launch.config.compose import Plan
from launch.running.known_outcomes import KnownStudy

if TYPE_CHECKING:
    from gatebench.records.record import Record  # imports MLflow, which takes a second


def new_declaration(plan: Plan, recorded: Study | None) -> Study:
    """Return the declaration of the plan's study: that of the records with the parts that the plan declares.

    Args:
        plan: the plan.
        recorded: the declaration in the records; None if there is none.

    Raises:
        UserError: the parts of the declaration do not fit together.
    """
    declared = plan.declaration(plan.settings.one_study)
    if recorded is None:
        return declared
    return replace(recorded.updated(declared, plan.declared), name=declared.name)


def check_declaration(plan: Plan, known: KnownStudy) -> Study:
    """Check that the plan declares what its trials can answer, before hours of training, and return the declaration.

    Raises:
        UserError: the baseline is not among the cells, the order or a family names an unknown cell, a metric is not one
            of the tasks, or the parts of the declaration do not fit together.
    """
    study = new_declaration(plan, known.declaration)
    _check_cells(plan, [known])
    metrics = [metric.name for trial in plan.trials for metric in trial.build_task().metrics]
    for name in plan.settings.metrics:
        if name not in (allowed := (*metrics, *RUN_METRICS, ALL_METRICS)):
            raise unknown("metric", name, allowed, where="of these tasks")
    return study


def keep_declaration(plan: Plan, record: "Record") -> Study:
    """Write the declaration of the plan's study to its records, and return it.

    The parts in which it differs from that in the records are printed to stderr.

    Raises:
        UserError: the parts of the declaration do not fit together, or the records cannot keep it.
    """
    recorded = record.study_declaration()
    study = new_declaration(plan, recorded)
    if study != recorded:
        record.declare(study)
    is_new = recorded in (None, Study(study.name))  # a new study declares nothing, and its first trial may be claimed
    if recorded is not None and not is_new and (changes := recorded.differences(study)):
        _report(f"The declaration of the study {study.name!r} changes: {'; '.join(changes)}.")
    return study


def table_declaration(plan: Plan, known: Sequence[KnownStudy]) -> Study:
    """Return the declaration that a table follows.

    It is that of the records with the parts that the experiment and the command line declare. If an experiment differs
    from the records, this is printed to stderr. If the plan chooses trials, the declaration has only their cells.

    Args:
        plan: the plan of the table.
        known: the content of the records of each of its studies.

    Raises:
        UserError: the order or a family names an unknown cell, the baseline is not among the plan's cells, or the
            studies declare different baselines or tests and the command line does not choose one, or a publication
            does not fit the tasks.
    """
    _check_cells(plan, known)
    declared = plan.declaration(", ".join(plan.settings.studies), None if plan.chosen else _task_metrics(known))
    if not plan.chosen:
        declared = replace(declared, order=tuple(plan.settings.order), cell_digests={})
    recorded = [one.declaration for one in known if one.declaration is not None]
    for one in recorded:
        if changes := one.differences(one.updated(declared, plan.declared - plan.keys)):
            _report(
                f"The experiment declares the study {one.name!r} in another way than its records "
                f"({'; '.join(changes)}); the table follows the experiment."
            )
    studies = [one.updated(declared, plan.declared) for one in recorded or [Study(declared.name)]]
    study = replace(combined(studies), name=declared.name)
    if not plan.chosen:
        return study
    return replace(study.limited_to([*plan.cells, *plan.cells.values()]), parameters=declared.parameters)


def _task_metrics(known: Sequence[KnownStudy]) -> dict[str, list[Metric]]:
    """Return {name of a task: its metrics} of the outcomes. Those of early versions have none."""
    metrics: dict[str, list[Metric]] = {}
    for outcome in (outcome for one in known for outcome in one.outcomes):
        own = [] if outcome.metric is None else [outcome.metric, *outcome.other_metrics]
        metrics[outcome.task.partition("[")[0]] = own
    return metrics


def _check_cells(plan: Plan, known: Sequence[KnownStudy]) -> None:
    """Check the cells in the baseline, the order and the families that the plan declares.

    The baseline is one of the plan's cells. The others are cells of the plan or of the records. If the command line
    replaces the cells of an experiment, they may be any cells of `conf/cell`: the experiment has named its own.

    Raises:
        UserError: there is no such cell.
    """
    cells = dict(plan.cells) if plan.chosen else {}
    if plan.chosen and "baseline" in plan.declared:
        _check_names("baseline", [str(plan.settings.baseline)], cells, "among these cells")
    for one in known:
        asked = {} if one.declaration is None else one.declaration.cell_digests
        cells |= {**asked, **{outcome.cell: outcome.cell_digest for outcome in one.outcomes}}
    if plan.keys >= {"experiment", "cell"}:
        cells |= dict.fromkeys([*cell_names(), *ARCHITECTURES], "")
    _check_names("cell", plan.settings.order, cells, "for the order of this study")
    for family, names in plan.settings.families.items():
        _check_names("cell", names, cells, f"for the family {family!r} of this study")


def _check_names(kind: str, names: Sequence[str], cells: Mapping[str, str], where: str) -> None:
    for name in names:
        if name not in (*cells, *cells.values()):
            raise unknown(kind, name, cells, where=where)


def _report(line: str) -> None:
    print(line, file=sys.stderr)
