import copy
import json
from typing import Any

import numpy as np
import pytest
import torch

from gatebench.errors import UserError
from gatebench.measures.gate_metrics import metrics
from gatebench.measures.gate_sums import TraceSums
from gatebench.training.checkpoint.gate_state import gate_sums, tensors_of, values_of
from gatebench.training.learner import Learner
from tests.gatebench.training.checkpoint.trials import TRIALS

EXPECTED: dict[str, Any] = {"gates": ["i", "f", "o", "g"], "units": [5, 5]}


@pytest.fixture(scope="module")
def learner(tmp_path_factory: pytest.TempPathFactory) -> Learner:
    trial = TRIALS["lengths"]
    built = Learner(trial, trial.build_task().load(tmp_path_factory.mktemp("none")))
    batch = built.problem.val.batch(torch.arange(20))
    _, (recorded,) = built.network.forward_with_gates(batch)
    built.recorder.add(*recorded)
    return built


def restored(sums: TraceSums) -> TraceSums:
    return gate_sums(json.loads(json.dumps(values_of(sums))), tensors_of(sums), **EXPECTED)


def test_the_sums_come_back_with_every_bit(learner: Learner) -> None:
    sums = learner.recorder.sums
    again = restored(sums)
    assert list(again.gates) == list(sums.gates)
    assert again.pairs.keys() == sums.pairs.keys() == {0, 1}
    for key, one in sums.gates.items():
        other = again.gates[key]
        assert (other.bins, other.steps, other.pairs) == (one.bins, one.steps, one.pairs)
        for name in ("total", "squares", "change", "histogram"):
            np.testing.assert_array_equal(getattr(other, name), getattr(one, name), strict=True)
    for layer, pair in sums.pairs.items():
        assert again.pairs[layer].gates == pair.gates
        np.testing.assert_array_equal(again.pairs[layer].products, pair.products, strict=True)
    assert metrics(again, learner.roles) == metrics(sums, learner.roles)
    assert restored(TraceSums({}, {})) == TraceSums({}, {})


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("gates",), None),
        (("gates", 0), 3),
        (("gates", 0, "layer"), 2),
        (("gates", 0, "layer"), -1),
        (("gates", 0, "gate"), "q"),
        (("gates", 0, "gate"), "../f"),
        (("gates", 0, "bins"), [1, 2, 3, False]),
        (("gates", 0, "bins"), [20, 0, 2**40, False]),
        (("gates", 0, "steps"), -1),
        (("gates", 0, "pairs"), 1.5),
        (("pairs", 0, "gates"), ["f"]),
        (("pairs", 0, "gates"), ["f", "q"]),
        (("pairs", 0, "layer"), 9),
        (("pairs", 0), None),
    ],
)
def test_wrong_values_are_refused(learner: Learner, path: tuple[Any, ...], value: Any) -> None:
    sums = learner.recorder.sums
    values = copy.deepcopy(values_of(sums))
    place: Any = values
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with pytest.raises(UserError, match="The checkpoint is damaged"):
        gate_sums(values, tensors_of(sums), **EXPECTED)


@pytest.mark.parametrize("name", ["gates/0/f/total", "gates/1/i/histogram", "pairs/1"])
def test_wrong_tensors_are_refused(learner: Learner, name: str) -> None:
    sums = learner.recorder.sums
    tensors = tensors_of(sums)
    for wrong in (tensors[name][:-1], tensors[name].float(), tensors[name][None]):
        with pytest.raises(UserError, match=name):
            gate_sums(values_of(sums), {**tensors, name: wrong}, **EXPECTED)


def test_a_pair_needs_its_gates(learner: Learner) -> None:
    values = values_of(learner.recorder.sums)
    values["gates"] = values["gates"][1:]
    with pytest.raises(UserError, match="the pair of layer 0"):
        gate_sums({**values, "gates": []}, tensors_of(learner.recorder.sums), **EXPECTED)
