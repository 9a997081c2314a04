"""The config and the weights of a trained network, as the records keep them. Nothing in them is executed."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from gatebench.errors import UserError
from gatebench.records import mlflow_entry
from gatebench.records.exchange.run_files import file_at
from gatebench.records.mlflow_client import readable_errors, search_runs
from gatebench.records.mlflow_model import WEIGHTS, find_model
from gatebench.records.record import Record

CONFIG = "config.yaml"
"""The file of a run with the trial as YAML."""

LARGEST_CONFIG = 1_000_000
"""The largest number of bytes of a config."""


@dataclass(frozen=True)
class KeptNetwork:
    """The trained network of a trial.

    Attributes:
        config: the trial as plain data.
        weights: the content of the safetensors file.
    """

    config: dict[str, Any]
    weights: bytes


def kept_network(record: Record, digest: str) -> KeptNetwork:
    """Return the config and the weights of a trial, those of its newest run that has weights.

    Weights that are too large for a run are read from the home.

    Args:
        record: the records of the study.
        digest: the digest of the trial.

    Raises:
        UserError: no run of the trial has weights, or its config cannot be read.
    """
    content = record.file(digest, CONFIG)
    if content is None:
        raise UserError(f"The records have no config of the trial {digest}, so that its network cannot be built.")
    weights = kept_weights(record, digest)
    if weights is None:
        raise UserError(
            f"The records have no weights of the trial {digest}; they are kept if a trial ended with a test score."
        )
    return KeptNetwork(_config(content, digest), weights)


def kept_weights(record: Record, digest: str) -> bytes | None:
    """Return the weights of a trial, a safetensors file, from its newest run that has them; None if there are none.

    Weights that are too large for a run are read from the home.

    Args:
        record: the records of the study.
        digest: the digest of the trial.

    Raises:
        UserError: the file is too large, or the records cannot be read.
    """
    return next(_weights(record, digest), None)


def _weights(record: Record, digest: str) -> Iterator[bytes]:
    """Yield the weights of the trial's logged models, then those of a run and of the home."""
    client, experiment = record.client, record.experiment_id
    with readable_errors(record.uri):
        for run in search_runs(client, [experiment], f"tags.digest = '{digest}'"):
            if not mlflow_entry.is_trial_run(run.data.tags):
                continue
            model = find_model(client, experiment, run.info.run_id)
            if model is not None:
                yield file_at(record.uri, client.get_logged_model(model).artifact_location, WEIGHTS)
    if (content := record.file(digest, WEIGHTS)) is not None:
        yield content
    large = record.home.root / "weights" / f"{digest}.safetensors"
    if large.is_file():
        yield large.read_bytes()


def _config(content: bytes, digest: str) -> dict[str, Any]:
    try:
        config = yaml.safe_load(content) if len(content) <= LARGEST_CONFIG else None
    except (yaml.YAMLError, RecursionError):
        config = None
    if not isinstance(config, dict):
        raise UserError(f"The config of the trial {digest} in the records cannot be read.")
    return config
