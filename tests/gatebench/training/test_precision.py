from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from gatebench.control import Control
from gatebench.training.checkpoint.saver import TrialSaver
from gatebench.training.learner import Learner
from gatebench.training.precision import MixedBFloat16, autocast, precision_plugin
from gatebench.training.trainer import test as run_test
from gatebench.training.trainer import train
from gatebench.trial import Trial
from tests.gatebench.training.sign import TRIAL, Sign

MIXED = replace(TRIAL, training=replace(TRIAL.training, max_epochs=2, backend="auto", precision="bf16-mixed"))


class Seen(dict[str, set[torch.dtype]]):
    """The dtypes of the outputs of the modules of a network, by name, as long as hooks are there."""

    def __init__(self, learner: Learner) -> None:
        super().__init__()
        for name, module in learner.network.named_modules():
            module.register_forward_hook(
                lambda _module, _inputs, output, name=name: self.setdefault(name, set()).update(dtypes(output))
            )


def dtypes(value: object) -> Iterator[torch.dtype]:
    if isinstance(value, Tensor):
        yield value.dtype
    elif isinstance(value, tuple):
        for part in value:
            yield from dtypes(part)


def trained(trial: Trial) -> tuple[Learner, Seen]:
    torch.manual_seed(0)
    learner = Learner(trial, Sign().load(Path()))
    seen = Seen(learner)
    saver = TrialSaver(learner, (learner.problem,), Control())
    data = train(learner, saver, learner.metric, lambda _: None)
    run_test(learner, saver, data, learner.metric)
    return learner, seen


def test_mixed_precision_trains_with_weights_in_float32() -> None:
    learner, seen = trained(MIXED)
    assert {weight.dtype for weight in learner.parameters()} == {torch.float32}
    assert seen["head.linear"] == {torch.bfloat16}
    assert seen["recurrent"] == seen[""] == {torch.float32}
    full, _ = trained(replace(MIXED, training=replace(MIXED.training, precision="32-true")))
    for mixed, exact in zip(learner.history, full.history, strict=True):
        assert mixed["train/loss"] != exact["train/loss"]
        assert mixed["train/loss"] == pytest.approx(exact["train/loss"], rel=0.02)
        assert mixed["gate/l0/keep/f/mean"] == pytest.approx(exact["gate/l0/keep/f/mean"], rel=0.02)
    assert learner.test_scores["test/accuracy"] == pytest.approx(full.test_scores["test/accuracy"], abs=0.05)


@pytest.mark.parametrize("name", ["attention", "tcn"])
def test_architectures_that_are_no_cells_compute_as_autocast_does(name: str) -> None:
    cell = {"name": name, "base": name, "options": {"heads": 1} if name == "attention" else {}}
    settings = replace(MIXED.training, max_epochs=1)
    learner, seen = trained(replace(MIXED, cell=cell, training=settings))
    assert torch.bfloat16 in set().union(*(seen[one] for one in seen if one.startswith("architecture.")))
    assert seen[""] == {torch.float32}
    assert learner.history[0]["train/loss"] > 0


def test_full_precision_changes_nothing() -> None:
    plugin = precision_plugin(TRIAL.training)
    assert plugin.precision == "32-true"
    with autocast(TRIAL.training):
        assert not torch.is_autocast_enabled("cpu")


def test_batches_are_not_converted() -> None:
    plugin = precision_plugin(MIXED.training)
    assert isinstance(plugin, MixedBFloat16)
    batch = Sign().load(Path()).train.batch(torch.arange(3))
    assert plugin.convert_input(batch) is batch
    with autocast(MIXED.training):
        assert torch.get_autocast_dtype("cpu") == torch.bfloat16
        assert torch.is_autocast_enabled("cpu")
