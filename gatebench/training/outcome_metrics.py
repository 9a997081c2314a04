"""The parts of an outcome that are read from a trained learner: best epoch, gates, costs, facts."""

from collections.abc import Iterable, Mapping

import torch
from torch import nn

from gatebench.backends import fused
from gatebench.backends.fused.compiled_cell import rounded_form
from gatebench.derive.architecture_cost import architecture_flops
from gatebench.derive.cost import pointwise_flops, product_flops
from gatebench.machine.facts import machine_facts
from gatebench.network_frame import trained_parameters
from gatebench.nn.recurrent import Recurrent
from gatebench.packages import used_versions
from gatebench.spec.architecture import Architecture
from gatebench.training.batch_cost import batch_cost
from gatebench.training.epochs import best_epoch
from gatebench.training.learner import Learner
from gatebench.training.ranks import BACKENDS
from gatebench.training_settings import FULL_PRECISION
from gatebench.trial import Trial


def best_epoch_metrics(learner: Learner) -> dict[str, float]:
    """Return the metrics of the best epoch of a learner that has one.

    Returns:
        "best/epoch", the number of the epoch from 0; each "val/…" as "best/val/…"; the gates' statistics under the
        names that they have in an epoch.
    """
    number = best_epoch(learner.history, learner.metric)
    assert number is not None
    metrics = {
        f"best/{name}" if name.startswith("val/") else name: value
        for name, value in learner.history[number].items()
        if not name.startswith("train/")
    }
    return {"best/epoch": float(number), **metrics}


def cost_metrics(learner: Learner) -> dict[str, float]:
    """Return the numbers of trained parameters, the FLOPs of the recurrent layers, and the cost of a training step.

    Returns:
        "parameters" of the whole network, "parameters/recurrent" of its recurrent layers, and "flops/step", the
        floating-point operations of all recurrent layers and directions for one time step of one example, forward;
        see `gatebench.derive.cost`. For an architecture that is no cell, both are those of its layers; see
        `gatebench.derive.architecture_cost`. "memory/batch" and "seconds/batch": see `gatebench.training.batch_cost`.
    """
    network, trial = learner.network, learner.trial
    layers: Iterable[nn.Module] = network.stacks.values()
    flops = sum(map(_flops_per_step, network.stacks.values()))
    compared = trial.build_compared()
    if network.architecture is not None and isinstance(compared, Architecture):
        layers, model = [network.architecture], trial.model
        inputs = model.first_width(learner.problem.input_size)
        sizes = inputs, model.hidden_size, model.num_layers, 2 if model.bidirectional else 1
        flops = architecture_flops(compared, *sizes, learner.problem.steps)
    return {
        "parameters": float(trained_parameters(learner)),
        "parameters/recurrent": float(sum(map(trained_parameters, layers))),
        "flops/step": float(flops),
        **batch_cost(learner),
    }


def _flops_per_step(recurrent: Recurrent) -> int:
    cell, H, D = recurrent.cell, recurrent.hidden_size, recurrent.directions
    widths = [recurrent.input_size, *[D * H] * (recurrent.num_layers - 1)]
    return D * sum(product_flops(cell, I, H) + pointwise_flops(cell, I, H) for I in widths)  # noqa: E741


def run_facts(learner: Learner) -> Mapping[str, str]:
    """Return the facts of a run: versions, also of packages that bring its task or its backend, machine, and so on.

    These are also the checksums of the data, the device, the dtype and the number of threads.
    """
    trial = learner.trial
    checksums = {f"data/{file}": checksum for file, checksum in trial.build_task().checksums().items()}
    device = torch.cuda.get_device_name() if trial.training.device == "cuda" else machine_facts()["processor"]
    dtype = str(next(learner.parameters()).dtype).removeprefix("torch.")
    packages = used_versions(str(trial.task["_target_"]), trial.training.backend)
    versions = {f"version/{name}": version for name, version in packages.items()}
    return {
        **machine_facts(),
        **versions,
        **checksums,
        "device": device,
        "dtype": dtype,
        "threads": str(torch.get_num_threads()),
    }


def rank_facts(trial: Trial) -> dict[str, str]:
    """Return the facts "devices", "nodes" and "communication" of a trial on several devices; none on one device."""
    settings = trial.training
    if settings.ranks == 1:
        return {}
    return {"devices": str(settings.ranks), "nodes": str(settings.nodes), "communication": BACKENDS[settings.device]}


def backend_facts(learner: Learner) -> dict[str, str]:
    """Return what computed the last pass.

    "backend" computed the scores, "gates backend" the gates if it is another one, and "gate statistics" the statistics
    of the gates if they were recorded: "compiled" or "torch". "bfloat16 products" tells how `fused` has computed them
    with `training.precision=bf16-mixed`: "tiles" (AMX) or "rounded" (float32). "layers" has the part of each layer,
    for example "l0 encoder, l1 decoder", if the network has several recurrent parts.
    """
    network = learner.network
    facts = {"backend": "+".join(network.backends_used)}
    gates = "+".join(network.gate_backends_used)
    if network.parts:
        layers = ((part.name, part.first_layer + n) for part in network.parts for n in range(part.recurrent.num_layers))
        facts["layers"] = ", ".join(f"l{number} {name}" for name, number in layers)
    if gates and gates != facts["backend"]:
        facts["gates backend"] = gates
    if learner.trial.training.precision != FULL_PRECISION and fused.NAME in network.backends_used:
        facts["bfloat16 products"] = rounded_form().value
    if learner.record_gates:
        facts["gate statistics"] = learner.recorder.implementation
    return facts
