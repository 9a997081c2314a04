"""The content of a trial's run in MLflow before the trial has ended, as plain data that can be kept in a file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from getpass import getuser
from typing import Any

from gatebench.errors import UserError
from gatebench.records import mlflow_entry
from gatebench.records.mlflow_data import dataset_content
from gatebench.trial import Trial


@dataclass(frozen=True)
class RunContent:
    """Everything that the run of a trial has from its beginning. No trial is built to make the run from it.

    Attributes:
        name: the name of the run, for example "lstm · digits · seed 0".
        tags: the tags.
        params: the settings of the trial by dotted key.
        files: {name: text} of the files: the config and the equations.
        dataset: the dataset of the trial, see `gatebench.records.mlflow_data.dataset_content`.
        config: the trial as plain data.
    """

    name: str
    tags: Mapping[str, str]
    params: Mapping[str, str]
    files: Mapping[str, str]
    dataset: Mapping[str, str]
    config: Mapping[str, Any]

    @classmethod
    def of(cls, trial: Trial, tags: Mapping[str, str]) -> RunContent:
        """Return the content of a trial's run.

        Args:
            trial: the trial.
            tags: further tags of the run.
        """
        return cls(
            mlflow_entry.run_name(trial),
            {**mlflow_entry.opening_tags(trial), "mlflow.user": getuser(), **tags},
            mlflow_entry.params(trial),
            mlflow_entry.files(trial),
            dataset_content(trial.build_task()),
            json.loads(json.dumps(trial.to_dict(), default=str)),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the content as a JSON object."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: object) -> RunContent:
        """Return the content from a JSON object.

        Raises:
            UserError: the object is not the content of a run.
        """
        if not isinstance(content, dict) or not isinstance(content.get("name"), str):
            raise UserError("A record of the spool is not the start of a trial, so it is not used.")
        parts = {key: content.get(key) for key in ("tags", "params", "files", "dataset", "config")}
        for key, part in parts.items():
            if not isinstance(part, dict) or (key != "config" and not all(isinstance(v, str) for v in part.values())):
                raise UserError(f"A record of the spool has wrong {key} of a run, so it is not used.")
        if not mlflow_entry.is_trial_run(parts["tags"] or {}):
            raise UserError("A record of the spool has wrong tags of a run, so it is not used.")
        return cls(name=content["name"], **parts)  # type: ignore[arg-type]
