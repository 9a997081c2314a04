"""What an outcome says of a learner: its best epoch, its sizes, on what it ran."""

from collections.abc import Mapping
from math import isnan

import torch
from torch import nn

from gatebench.machine.facts import facts
from gatebench.task import Metric
from gatebench.training.learner import Learner


def best_epoch(learner: Learner, metric: Metric) -> dict[str, float]:
    """Return the best epoch's validation metrics and gate statistics, under names of their own."""
    key = f"val/{metric.name}"
    sign = 1 if metric.direction == "max" else -1
    scored = [epoch for epoch in learner.history if not isnan(epoch[key])] or learner.history
    epoch = max(scored, key=lambda e: sign * e[key])
    found = {
        f"best/{name}" if name.startswith("val/") else name: value
        for name, value in epoch.items()
        if name != "train/loss"
    }
    return {"best/epoch": float(learner.history.index(epoch)), **found}


def sizes(learner: Learner) -> dict[str, float]:
    """Return the numbers of learnt parameters, of the whole network and of its recurrent layers."""

    def count(module: nn.Module) -> float:
        return float(sum(p.numel() for p in module.parameters() if p.requires_grad))

    return {"parameters": count(learner), "parameters/recurrent": count(learner.network.recurrent)}


def circumstances(learner: Learner) -> Mapping[str, str]:
    """Return on what the learner runs: versions, machine, data, device, threads."""
    trial = learner.trial
    checksums = {f"data/{file}": checksum for file, checksum in trial.build_task().checksums().items()}
    device = torch.cuda.get_device_name() if trial.training.device == "cuda" else facts()["processor"]
    dtype = str(next(learner.parameters()).dtype).removeprefix("torch.")
    return {**facts(), **checksums, "device": device, "dtype": dtype, "threads": str(torch.get_num_threads())}
