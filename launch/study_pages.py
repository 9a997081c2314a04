"""The pages of a study in MLflow: the views and the text above the runs, and the report with table and figures.

The views are set before the first trial, so that the page is in order while the first sweep runs. The report and the
text with the table follow at the end, because matplotlib needs a second to be imported and another to draw.
"""

from collections.abc import Iterable, Mapping, Sequence

from gatebench.derive.roles import roles
from gatebench.outcome import Outcome
from gatebench.records.mlflow_page import StudyContent
from gatebench.records.record import Record
from gatebench.report.ablation_table import AblationTable
from gatebench.report.figures.study_figures import IN_SWEEP
from gatebench.report.render import FORMATS
from gatebench.spec.cell import Cell
from gatebench.study import ARM_CELL, Study
from gatebench.trial import Trial
from launch.study_report import report_content, report_files

MOST_PARAMS = 6
"""The largest number of settings in MLflow's parallel coordinates."""


def open_pages(record: Record, study: Study, trials: Sequence[Trial], outcomes: Sequence[Outcome]) -> None:
    """Set the views of the study's page before its trials run. The text above the runs stays if there is one already.

    Args:
        record: the records.
        study: the declaration of the study.
        trials: the trials that will run.
        outcomes: the outcomes in the records.
    """
    record.colours(_cells(study, trials, outcomes))
    record.set_views(_title(study), study_content(trials, outcomes, study.arms))


def publish(
    record: Record,
    study: Study,
    trials: Sequence[Trial],
    outcomes: Sequence[Outcome],
    table: AblationTable,
    *,
    changed: bool,
) -> None:
    """Write the report of the study, and set the views and the text above the runs.

    Args:
        record: the records.
        study: the declaration of the study.
        trials: the trials of the sweep.
        outcomes: the outcomes in the records.
        table: the table of the study.
        changed: whether the study has new outcomes. If not, a report that exists is kept.
    """
    markdown = FORMATS["markdown"](table)
    if changed or not record.has_report():
        record.write_report(markdown, report_files(report_content(record, study, outcomes, table, IN_SWEEP)))
    record.set_study_page(_title(study), markdown, study_content(trials, outcomes, study.arms))


def study_content(
    trials: Sequence[Trial], outcomes: Sequence[Outcome], arms: Mapping[str, Mapping[str, str]] | None = None
) -> StudyContent:
    """Return the content of a study that its views depend on.

    The names of the gates' metrics are those of the outcomes, and those that the trials will have.

    Args:
        trials: the trials that will run.
        outcomes: the outcomes that exist.
        arms: {name: settings} of the named arms of the study.
    """
    tasks = [trial.build_task() for trial in trials]
    scores = dict.fromkeys(task.metrics[0] for task in tasks)
    others = dict.fromkeys(metric.name for task in tasks for metric in task.metrics[1:])
    arm_params = tuple(dict.fromkeys(key for own in (arms or {}).values() for key in own if key != ARM_CELL))
    planned = [(trial.build_task().label, trial.build_compared().name, trial.flat_settings()) for trial in trials]
    recorded = [(outcome.task, outcome.cell, outcome.settings) for outcome in outcomes]
    groups = sorted(
        {(task, cell, *(own.get(key, "") for key in arm_params)) for task, cell, own in [*planned, *recorded]}
    )
    return StudyContent(
        scores=tuple(scores),
        other_scores=tuple(others),
        groups=tuple((task, cell) for task, cell, *_ in groups),
        metrics=frozenset({name for outcome in outcomes for name in outcome.metrics} | _gate_metrics(trials)),
        params=_varied_params(trials),
        arm_params=arm_params,
        arm_values=tuple(tuple(values) for _, _, *values in groups) if arm_params else (),
    )


def _gate_metrics(trials: Iterable[Trial]) -> set[str]:
    """Return the names of the means and shares of gates that the trials will have."""
    names: set[str] = set()
    for cell, layers in {(trial.build_compared(), trial.model.num_layers) for trial in trials}:
        if not isinstance(cell, Cell):
            continue
        for role in roles(cell):
            statistics = ("mean", "left", "right") if role.unit else ("mean",)
            if role.fixed is None:
                names |= {f"gate/l{layer}/{role.key}/{name}" for layer in range(layers) for name in statistics}
    return names


def _varied_params(trials: Sequence[Trial]) -> tuple[str, ...]:
    """Return the settings that differ between trials, without the seed and those that describe a cell in words.

    Settings that some trials lack are left out: MLflow's parallel coordinates leave out runs without a value.
    """
    settings = [trial.flat_settings() for trial in trials]
    varied = [key for key in settings[0] if len({some.get(key) for some in settings}) > 1]
    everywhere = [key for key in varied if all(key in some for some in settings)]
    words = ("seed", "cell.name", "cell.base", "cell.source", "cell.note", "task._target_")
    return tuple(key for key in everywhere if key not in words)[:MOST_PARAMS]


def _cells(study: Study, trials: Sequence[Trial], outcomes: Sequence[Outcome]) -> list[str]:
    """Return the labels of the cells: those of the declaration, then those of the trials, then the others."""
    planned = [trial.build_compared().name for trial in trials]
    present = {*planned, *(outcome.cell for outcome in outcomes)}
    cells = dict.fromkeys([*study.order, *planned, *(outcome.cell for outcome in outcomes)])
    return [cell for cell in cells if cell in present]


def _title(study: Study) -> str:
    return study.question or study.name
