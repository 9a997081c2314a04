"""Print the ablation table of the trials in the records.

  gatebench table experiment=quickstart               the trials of an experiment
  gatebench table cell=lstm,gru 'seed=range(0,5)'     the trials of a grid
  gatebench table study=mine                          all trials of a study
  gatebench table study=digits,parity                 several studies: a table for each task, and a summary
  gatebench table study=mine baseline=gru test=paired metrics=all
  gatebench table study=mine published=greff2017      the results of publications beside the rows
  gatebench table experiment=quickstart format=csv    formats: text, markdown, latex, csv, html; file=NAME writes a file
  gatebench table study=mine format=trials-csv        one row a trial: trials-csv, trials-json, or trials-parquet with
                                                      file=NAME.parquet
  gatebench table study=mine vary=model.hidden_size   one row for all sizes of a cell
  gatebench table study=mine columns=score,p,verdict  these columns, in this order
  gatebench table study=mine format=latex columns=narrow  the columns that fit a column of a paper with two columns
  gatebench table study=mine view=best10              the best 10 % of a cell's trials by validation, or view=best

Baseline, order, families, test, metrics and published results are those that the study declares in its records. An
experiment, or key=value on the command line, replaces them for this table.
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from gatebench.errors import UserError, unknown
from gatebench.outcome import Outcome
from gatebench.report.ablation_table import AblationTable, ablation_table
from gatebench.report.chosen_columns import with_columns
from gatebench.report.matched_parameters import with_budgets
from gatebench.report.named_arms import with_named_arms
from gatebench.report.render import FORMATS
from gatebench.report.text_page import text
from gatebench.report.trials.files import TRIAL_FORMATS
from gatebench.report.varied_settings import matching_keys, unrepeated_keys
from gatebench.study import ALL_METRICS, VIEWS, Study
from gatebench.task import Task
from launch.config.arguments import parse_plan
from launch.config.compose import Plan
from launch.declaration import table_declaration
from launch.display.terminal_width import terminal_width
from launch.new_file import write_new_file
from launch.running.known_outcomes import KnownStudy, known_study, study_names
from launch.running.missing_records import has_records, missing_study, missing_trials
from launch.running.search_past import past_trials
from launch.trial_files import write_trials

PAPER = ("article",)
"""The columns of a table in LaTeX, unless others are chosen."""


def run(argv: Sequence[str]) -> int:
    """Print the table and return 0."""
    plan = parse_plan("table", __doc__, argv, read_past=past_trials)
    if plan is None:
        return 0
    if plan.settings.format not in (*FORMATS, *TRIAL_FORMATS):
        raise unknown("format", plan.settings.format, (*FORMATS, *TRIAL_FORMATS))
    known = [_known_study(plan, study) for study in plan.settings.studies]
    study = table_declaration(plan, known)
    outcomes = [outcome for one in known for outcome in one.outcomes]
    if plan.settings.format in TRIAL_FORMATS:
        write_trials(plan, study, outcomes)
        return 0
    table = table_of(plan, study, outcomes)
    _report_single_trials(plan, study, outcomes)
    name = plan.settings.format
    table = with_columns(table, plan.settings.columns or (PAPER if name == "latex" else ()))
    page = text(table, terminal_width()) if name == "text" else FORMATS[name](table)
    if plan.settings.file:
        print(f"The table is in {write_new_file(plan.settings.file, page.encode())}.", file=sys.stderr)
    else:
        print(page, end="")
    return 0


def _report_single_trials(plan: Plan, study: Study, outcomes: Sequence[Outcome]) -> None:
    """Print a hint to stderr if each trial has a row of its own because of its settings."""
    outcomes = with_named_arms(with_budgets(outcomes, study.parameters), study.arms)
    varied = matching_keys([*study.search, *plan.settings.vary], outcomes)
    if not plan.chosen and (keys := unrepeated_keys(outcomes, varied)):
        print(
            f"Each trial has a row of its own, because the trials differ in {', '.join(keys)}; for one row a cell, add "
            f"vary={','.join(keys)}.",
            file=sys.stderr,
        )


def _known_study(plan: Plan, name: str) -> KnownStudy:
    """Return the content of the records of a study, for a table.

    Raises:
        UserError: the plan chooses the study and no trials, or one of several studies, and it contains no trials.
    """
    settings, known = plan.settings, known_study(plan.settings, name)
    several = len(settings.studies) > 1
    if known.outcomes or (plan.chosen and not several):
        return known
    if several and has_records(settings) and name in study_names(settings):
        raise UserError(f"The study {name!r} contains no trials; leave it out of study={settings.study}.")
    raise missing_study(settings, name)


def table_of(plan: Plan, study: Study, outcomes: Iterable[Outcome]) -> AblationTable:
    """Return the table of the plan's trials, or of all outcomes if the plan chooses no trials.

    The number of missing trials is printed to stderr.

    Args:
        plan: the plan.
        study: the declaration that the table follows.
        outcomes: the outcomes in the records.

    Raises:
        UserError: no trial has been run, a part of the declaration does not fit the trials, or records of an earlier
            version do not contain the metric of a task that is not in the plan.
    """
    known = list(outcomes)
    shown = _outcomes_of_plan(plan, known) if plan.chosen else _with_all_labels(study, known)
    if not shown:
        raise missing_trials(plan.settings, study.name, has_others=bool(known))
    shown = _with_metrics(plan, shown)
    defaults = {outcome.task: outcome.table_metrics for outcome in shown if outcome.table_metrics}
    fitting = _with_fitting_metrics(plan, study, shown)
    view = next(view for view in VIEWS if view == plan.settings.view)
    return ablation_table(shown, fitting, default_metrics=defaults, vary=plan.settings.vary, view=view)


def _outcomes_of_plan(plan: Plan, outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Return the outcomes of the plan's trials, with the labels that the plan gives to their cells and tasks.

    Cells with equal equations have the same trials, so there is an outcome for each of their labels.
    """
    trials = {trial.digest: trial for trial in plan.trials}
    chosen: list[Outcome] = []
    for outcome in outcomes:
        if (trial := trials.get(outcome.digest)) is not None:
            task, settings = trial.build_task().label, trial.flat_settings()
            labels = plan.labels[trial.digest]
            chosen += [replace(outcome, cell=label, task=task, settings=settings) for label in labels]
    missing = len(trials.keys() - {outcome.digest for outcome in chosen})
    if 0 < missing < len(trials):
        print(f"{missing} of {len(trials)} trials have not been run.", file=sys.stderr)
    return chosen


def _with_all_labels(study: Study, outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Return the outcomes, one for each label by which the cell was asked for."""
    return [
        replace(outcome, cell=label)
        for outcome in outcomes
        for label in study.labels(outcome.cell, outcome.cell_digest)
    ]


def _with_metrics(plan: Plan, outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Return the outcomes with metrics and chance. Records of earlier versions get them from the plan's tasks."""
    tasks = {task.label: task for task in (trial.build_task() for trial in plan.trials)}
    return [_with_metrics_of(tasks, outcome) for outcome in outcomes]


def _with_metrics_of(tasks: Mapping[str, Task], outcome: Outcome) -> Outcome:
    task = tasks.get(outcome.task)
    if task is None or outcome.metric not in (None, task.metrics[0]):
        return outcome
    return replace(
        outcome,
        metric=task.metrics[0],
        other_metrics=task.metrics[1:],
        table_metrics=task.table_metrics,
        chance=task.chance if outcome.chance is None else outcome.chance,
    )


def _with_fitting_metrics(plan: Plan, study: Study, outcomes: Iterable[Outcome]) -> Study:
    """Return the declaration with metrics of the tasks in the table.

    "all" becomes all of them. Metrics that the records declare for other tasks are left out. Those that the experiment
    or the command line declares stay, so that a wrong name is reported.
    """
    metrics = [metric for one in outcomes for metric in (one.metric, *one.other_metrics) if metric is not None]
    names = tuple(dict.fromkeys(metric.name for metric in metrics))
    if ALL_METRICS in study.metrics:
        return replace(study, metrics=names)
    if "metrics" in plan.declared:
        return study
    return replace(study, metrics=tuple(name for name in study.metrics if name in names))
