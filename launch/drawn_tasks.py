"""The trials of a study with the data of its pictures, from the records."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from re import fullmatch

from gatebench.errors import UserError
from gatebench.measures import gate_file
from gatebench.measures.gate_file import GateFile
from gatebench.outcome import Outcome
from gatebench.records.record import Record
from gatebench.report.figures.kinds import Kind
from gatebench.report.figures.task_trials import GATE_MEAN, TaskTrials, trials_by_task
from gatebench.report.matched_parameters import with_budgets
from gatebench.report.named_arms import with_named_arms
from gatebench.study import Study


def drawn_tasks(
    study: Study, outcomes: Sequence[Outcome], record: Record, kinds: Iterable[Kind], all_outcomes: Sequence[Outcome]
) -> list[TaskTrials]:
    """Return the trials of each task that has a finished trial, with the data that the kinds need.

    Args:
        study: the declaration of the study.
        outcomes: the outcomes that are drawn, oldest first.
        record: the records.
        kinds: the kinds that will be drawn.
        all_outcomes: all outcomes of the study, whose cells have a colour each.
    """
    named = named_outcomes(study, outcomes)
    labelled = [replace(one, cell=joined_label(study, one.cell, one.cell_digest)) for one in named]
    cells = [joined_label(study, label, study.cell_digests.get(label, "")) for label in study.order]
    needs = {kind.needs for kind in kinds}
    return trials_by_task(
        labelled,
        cells,
        record.colours(dict.fromkeys([*study.order, *(one.cell for one in named_outcomes(study, all_outcomes))])),
        {name: record.curves(name) for name in _epoch_metrics(labelled, needs)},
        _gates(record) if "gate arrays" in needs else {},
        study.search,
    )


def named_outcomes(study: Study, outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Return the outcomes with the names of their arms, if the study has named arms."""
    return with_named_arms(with_budgets(outcomes, study.parameters), study.arms)


def joined_label(study: Study, cell: str, digest: str) -> str:
    """Return all labels of a cell: "lstm = lstm_np".

    Args:
        study: the declaration of the study.
        cell: a label of the cell.
        digest: the digest of its equations.
    """
    return " = ".join(study.labels(cell, digest))


def _epoch_metrics(outcomes: Sequence[Outcome], needs: Iterable[str | None]) -> list[str]:
    """Return the names of the metrics of epochs that the kinds need."""
    names: dict[str, None] = {}
    if "scores of epochs" in needs:
        names |= {f"val/{outcome.metric.name}": None for outcome in outcomes if outcome.metric is not None}
    if "gates of epochs" in needs:
        names |= dict.fromkeys(sorted(name for one in outcomes for name in one.metrics if fullmatch(GATE_MEAN, name)))
    return list(names)


def _gates(record: Record) -> Mapping[str, GateFile]:
    """Return the gate arrays of all trials that have them. Damaged ones are reported."""
    gates = {}
    for digest, content in record.files(gate_file.FILE_NAME).items():
        try:
            gates[digest] = gate_file.read(content)
        except UserError as error:
            print(f"The gates of trial {digest} are left out: {error}", file=sys.stderr)
    return gates
