from dataclasses import replace
from math import nan
from pathlib import Path

import pytest
import torch

from gatebench.backends.fused.emit.product_form import ProductForm
from gatebench.measures import gate_recorder
from gatebench.task import Metric
from gatebench.training import outcome_metrics
from gatebench.training.learner import Learner
from gatebench.training.outcome_metrics import backend_facts, best_epoch_metrics, cost_metrics, run_facts
from gatebench.trial import Model
from tests.gatebench.training.sign import TRIAL, Sign


@pytest.fixture
def learner() -> Learner:
    return Learner(TRIAL, Sign().load(Path()))


@pytest.mark.parametrize(("direction", "best"), [("max", 2), ("min", 1)])
def test_the_best_epoch_is_found_past_what_is_no_number(learner: Learner, direction: str, best: int) -> None:
    scores = [nan, 0.25, 0.75, 0.5]
    learner.history = [{"train/loss": 1.0, "val/score": s, "gate/l0/f/mean": k / 10} for k, s in enumerate(scores)]
    learner.metric = Metric("score", direction)  # type: ignore[arg-type]
    found = best_epoch_metrics(learner)
    assert found == {"best/epoch": best, "best/val/score": scores[best], "gate/l0/f/mean": best / 10}


def test_the_parameter_counts_are_of_what_is_learnt(learner: Learner) -> None:
    recurrent = 4 * (8 * 1 + 8 * 8 + 8)
    found = cost_metrics(learner)
    assert found["parameters"] == recurrent + 8 * 2 + 2
    assert found["parameters/recurrent"] == recurrent


def test_flops_are_those_of_all_layers_and_directions(learner: Learner) -> None:
    """An LSTM has 8 H (I + H) of products, and for each unit 4 × 2 sums and 4 functions, 3 products, a sum, a tanh."""
    pointwise = 4 * 2 + 4 + 3 + 1 + 1
    assert cost_metrics(learner)["flops/step"] == 8 * 8 * (1 + 8) + pointwise * 8
    deep = replace(TRIAL, model=Model(8, num_layers=2, bidirectional=True))
    both = 8 * 8 * (1 + 8) + 8 * 8 * (16 + 8) + 2 * pointwise * 8
    assert cost_metrics(Learner(deep, Sign().load(Path())))["flops/step"] == 2 * both


def test_the_backend_of_the_gates_is_named_where_it_is_another(learner: Learner) -> None:
    batch = learner.problem.val.batch(torch.arange(4))
    learner.network(batch)
    assert backend_facts(learner).keys() == {"backend", "gate statistics"}
    assert backend_facts(learner)["backend"] == "native"
    learner.network.forward_with_gates(batch)
    assert backend_facts(learner).keys() == {"backend", "gates backend", "gate statistics"}
    assert backend_facts(learner)["gates backend"] != "native"
    other = Learner(replace(TRIAL, training=replace(TRIAL.training, backend="manual")), learner.problem)
    other.network.forward_with_gates(batch)
    assert backend_facts(other).keys() == {"backend", "gate statistics"}
    assert backend_facts(other)["backend"] == "manual"


@pytest.mark.parametrize(("form", "named"), [(ProductForm.TILES, "tiles"), (ProductForm.ROUNDED, "rounded")])
def test_a_run_says_how_its_products_were_computed_in_bfloat16(
    learner: Learner, monkeypatch: pytest.MonkeyPatch, form: ProductForm, named: str
) -> None:
    monkeypatch.setattr(outcome_metrics, "rounded_form", lambda: form)
    mixed = replace(TRIAL.training, precision="bf16-mixed")
    for backend, expected in (("fused", named), ("native", None)):
        other = Learner(replace(TRIAL, training=replace(mixed, backend=backend)), learner.problem)
        other.network.set_backends_used((backend,), ())
        assert backend_facts(other).get("bfloat16 products") == expected
    learner.network.set_backends_used(("fused",), ())
    assert "bfloat16 products" not in backend_facts(learner)


def test_a_run_says_what_computed_the_statistics_of_its_gates(
    learner: Learner, monkeypatch: pytest.MonkeyPatch
) -> None:
    for reason, expected in ((None, "compiled"), ("There is no compiler.", "torch")):
        monkeypatch.setattr(gate_recorder, "kernel_trouble", lambda reason=reason: reason)
        assert backend_facts(learner)["gate statistics"] == expected
    learner.record_gates = False
    assert "gate statistics" not in backend_facts(learner)


def test_the_facts_of_a_run_name_the_data_and_the_device(learner: Learner) -> None:
    found = run_facts(learner)
    assert found["data/made"] == "0"
    assert found["dtype"] == "float32"
    assert found["device"]
    assert int(found["threads"]) >= 1
