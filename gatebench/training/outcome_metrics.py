"""The parts of an outcome that are read from a trained learner: best epoch, parameter counts, facts."""

from collections.abc import Mapping
from math import isnan

import torch
from torch import nn

from gatebench.machine.facts import machine_facts
from gatebench.task import Metric
from gatebench.training.learner import Learner


def best_epoch_metrics(learner: Learner, metric: Metric) -> dict[str, float]:
    """Return the metrics of the best epoch.

    Args:
        learner: a trained learner.
        metric: the metric of the validation split by which the best epoch is chosen.

    Returns:
        "best/epoch", the number of the epoch from 0; each "val/…" as "best/val/…"; the gates' statistics under the
        names that they have in an epoch.
    """
    key = f"val/{metric.name}"
    sign = 1 if metric.direction == "max" else -1
    scored = [epoch for epoch in learner.history if not isnan(epoch[key])] or learner.history
    best = max(scored, key=lambda epoch: sign * epoch[key])
    metrics = {
        f"best/{name}" if name.startswith("val/") else name: value
        for name, value in best.items()
        if name != "train/loss"
    }
    return {"best/epoch": float(learner.history.index(best)), **metrics}


def parameter_counts(learner: Learner) -> dict[str, float]:
    """Return the numbers of trained parameters, of the whole network and of its recurrent layers."""

    def count(module: nn.Module) -> float:
        return float(sum(p.numel() for p in module.parameters() if p.requires_grad))

    return {"parameters": count(learner), "parameters/recurrent": count(learner.network.recurrent)}


def run_facts(learner: Learner) -> Mapping[str, str]:
    """Return the facts of a run: versions, machine, checksums of the data, device, dtype, threads."""
    trial = learner.trial
    checksums = {f"data/{file}": checksum for file, checksum in trial.build_task().checksums().items()}
    device = torch.cuda.get_device_name() if trial.training.device == "cuda" else machine_facts()["processor"]
    dtype = str(next(learner.parameters()).dtype).removeprefix("torch.")
    return {**machine_facts(), **checksums, "device": device, "dtype": dtype, "threads": str(torch.get_num_threads())}
