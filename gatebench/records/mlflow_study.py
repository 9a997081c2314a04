"""The experiment of a study in MLflow: the declaration that it keeps, and whether an experiment is a study at all.

An experiment of MLflow is a study if it has the tag "gatebench.study", the declaration as JSON. Records of earlier
versions lack the tag. Their experiments are studies if they contain a run of a trial.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatebench.errors import UserError
from gatebench.records import mlflow_entry
from gatebench.study import Study

if TYPE_CHECKING:  # MLflow takes a second to be imported, and a table does not need it
    from mlflow.entities import Experiment
    from mlflow.tracking import MlflowClient

STUDY_TAG = "gatebench.study"
"""The tag of an experiment with the declaration of its study."""

BOARD_TAG = "gatebench.board"
"""The tag of an experiment with the id of the first run of its claims, see `claim_board`. Those runs have it, too."""

CLAIMS_TAG = "gatebench.claims"
"""The same tag of the deleted experiment by which drivers agree on that run."""

LONGEST_DECLARATION = 20_000
"""The largest number of characters of the declaration, because MLflow allows no longer tag of an experiment."""


def new_tags(study: str) -> dict[str, str]:
    """Return the tags with which the experiment of a study is created."""
    return {STUDY_TAG: Study(study).to_json()}


def read_declaration(experiment: Experiment) -> Study | None:
    """Return the declaration that an experiment keeps; None if it keeps none.

    Raises:
        UserError: the tag is not a declaration.
    """
    text = experiment.tags.get(STUDY_TAG)
    return None if text is None else Study.from_json(text)


def declaration_text(study: Study) -> str:
    """Return the declaration as the value of the tag.

    Raises:
        UserError: the declaration is too long.
    """
    text = study.to_json()
    if len(text) > LONGEST_DECLARATION:
        raise UserError(
            f"The declaration of the study {study.name!r} has {len(text):,} characters; MLflow keeps at most "
            f"{LONGEST_DECLARATION:,}, so shorten its question, or compare fewer cells."
        )
    return text


def deleted_study(study: str) -> UserError:
    """Return the error about a study that was deleted on MLflow's pages."""
    return UserError(f"The study {study!r} was deleted in MLflow; restore it, or choose another study=….")


def is_study(client: MlflowClient, experiment: Experiment) -> bool:
    """Return whether an experiment is a study, and not that of another program."""
    return not {STUDY_TAG, BOARD_TAG}.isdisjoint(experiment.tags) or _has_trials(client, experiment)


def check_own(client: MlflowClient, experiment: Experiment) -> None:
    """Check that trials may be written to an existing experiment: it is a study, or it contains no runs.

    Raises:
        UserError: it contains only runs of other programs.
    """
    if is_study(client, experiment) or not client.search_runs([experiment.experiment_id], max_results=1):
        return
    raise UserError(
        f"The MLflow experiment {experiment.name!r} belongs to another program: it contains runs, but none of "
        "gatebench; choose another study=…."
    )


def _has_trials(client: MlflowClient, experiment: Experiment) -> bool:
    condition = f"tags.`{mlflow_entry.SOURCE}` = '{mlflow_entry.PROGRAM}' and tags.cell_digest != ''"
    return bool(client.search_runs([experiment.experiment_id], condition, max_results=1))
