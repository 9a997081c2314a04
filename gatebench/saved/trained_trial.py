"""The trained network of a trial, from the records."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gatebench.errors import UserError
from gatebench.nn.recurrent import Trace
from gatebench.nn.recurrent_parts import joined_trace
from gatebench.outcome import Outcome
from gatebench.records.kept_network import kept_network
from gatebench.saved.named_trial import trial_of_digest
from gatebench.saved.places import outcomes_of, record_of
from gatebench.task import Batch, Problem
from gatebench.training.network import Network
from gatebench.training.trained_network import trained_network
from gatebench.trial import Model, Training, Trial


@dataclass(frozen=True)
class TrainedTrial:
    """A trial with its trained network.

    Attributes:
        trial: the settings of the trial.
        outcome: its outcome: scores, metrics and facts.
        problem: the loaded task, with the training, validation and test examples.
        network: the network with the weights of its best epoch, in evaluation mode, on the CPU.
    """

    trial: Trial
    outcome: Outcome
    problem: Problem
    network: Network

    def gates(self, batch: Batch) -> tuple[Tensor, Trace]:
        """Return the logits of a batch, and the values of all gates by layer and gate, without gradients.

        Args:
            batch: a batch, for example `problem.test.batch(torch.tensor([0, 1]))`.
        """
        with torch.no_grad():
            logits, recorded = self.network.forward_with_gates(batch)
        return logits, joined_trace(recorded)


def load_trial(
    study: str,
    digest: str,
    *,
    home: str | Path | None = None,
    tracking_uri: str | None = None,
    data_root: str | Path | None = None,
) -> TrainedTrial:
    """Return a trial of a study with its trained network.

    Args:
        study: the name of the study.
        digest: the digest of the trial, or its beginning, as in the column "digest" of `gatebench.load_study`.
        home: the home; None: $GATEBENCH_HOME, or else the folder `runs`.
        tracking_uri: the address of the records; None: $MLFLOW_TRACKING_URI, or else the sqlite file in the home.
        data_root: the data root; None: $GATEBENCH_DATA, or else gatebench/data in the user's cache folder.

    Raises:
        UserError: there is no such study or trial, the records have no weights of it, the data are missing, or the
            weights do not fit the network.
    """
    record = record_of(study, home, tracking_uri)
    outcome = trial_of_digest(outcomes_of(record), study, digest)
    kept = kept_network(record, outcome.digest)
    trial = trial_of(kept.config, outcome.digest)
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    root = Path(data_root or os.environ.get("GATEBENCH_DATA") or Path(cache, "gatebench", "data"))
    problem = trial.build_task().load(root.expanduser().absolute(), record.home.root / "cache")
    return TrainedTrial(trial, outcome, problem, trained_network(trial, problem, kept.weights))


def trial_of(config: dict[str, Any], digest: str) -> Trial:
    """Return the trial of a config that the records keep.

    Args:
        config: the trial as plain data.
        digest: the digest of the trial.

    Raises:
        UserError: it is not the config of this trial, for example because the task has changed since.
    """
    try:
        trial = Trial(
            cell=config["cell"],
            task=config["task"],
            model=Model(**config["model"]),
            training=Training(**config["training"]),
            seed=int(config["seed"]),
            stop_scores=tuple((int(epoch), float(score)) for epoch, score in config.get("stop_scores", ())),
        )
    except (KeyError, TypeError, ValueError):
        raise UserError(f"The config of the trial {digest} in the records is not that of a trial.") from None
    if trial.digest != digest:
        raise UserError(
            f"The trial {digest} was made by another version: its config is now the trial {trial.digest}, so that its "
            "weights do not belong to this network."
        )
    return trial
