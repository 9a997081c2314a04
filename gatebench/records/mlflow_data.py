"""The data of a trial as a dataset in MLflow. MLflow shows it in the column "Dataset" and on the page of the run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from gatebench.task import Task

if TYPE_CHECKING:
    from mlflow.entities import DatasetInput

INPUT_TAG = ("mlflow.data.context", "training, validation and test")
"""The tag of the link from a dataset to a run."""

_LONGEST_NAME, _LONGEST_SOURCE = 500, 60_000  # characters that MLflow allows


def dataset_content(task: Task) -> dict[str, str]:
    """Return the dataset that a trial on the task reads, as texts: its name, digest, source and profile.

    Its digest depends on the checksums of the data files and on the task's parameters, such as the seed of a split, so
    two runs with the same digest were trained and scored on the same examples.
    """
    checksums = dict(sorted(task.checksums().items()))
    content = {"task": task.name, "parameters": task.parameters(), "files": checksums}
    digest = hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:16]
    source = {"task": task.title, "files": checksums, "protocol": task.protocol, "licence": task.licence}
    size = task.size()
    profile = {} if size is None else {"examples": size.examples, "steps": size.steps, "inputs": size.inputs}
    return {
        "name": task.label[:_LONGEST_NAME],
        "digest": digest,
        "source": json.dumps(source)[:_LONGEST_SOURCE],
        "profile": json.dumps(profile),
    }


def dataset_input(content: Mapping[str, str]) -> DatasetInput:
    """Return the dataset of a trial in the form in which MLflow takes it.

    Args:
        content: the dataset as texts, see `dataset_content`.
    """
    from mlflow.entities import Dataset, DatasetInput, InputTag  # the spool needs only the texts, and MLflow is slow

    dataset = Dataset(source_type="gatebench", **content)
    return DatasetInput(dataset, [InputTag(*INPUT_TAG)])
