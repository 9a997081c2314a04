import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from gatebench.control import Control
from gatebench.errors import UserError
from gatebench.task import Stream
from gatebench.training.checkpoint.content import pack, unpack
from gatebench.training.checkpoint.state import TrialState, read_state
from gatebench.training.learner import Learner
from gatebench.trial import Trial
from tests.gatebench.training.checkpoint.trials import TRIALS, run

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


class Case:
    """A trial with all its checkpoints."""

    def __init__(self, name: str, home: Path) -> None:
        self.trial: Trial = TRIALS[name]
        self.saved: list[bytes] = []
        run(self.trial, home, Control(save=self.saved.append, save_seconds=0))
        problem = self.trial.build_task().load(home)
        self.problems = problem.experiences if isinstance(problem, Stream) else (problem,)
        self.learner = Learner(self.trial, problem)

    def read(self, content: bytes) -> TrialState:
        return read_state(content, self.learner, self.problems)

    def parts(self, number: int) -> tuple[dict[str, Any], dict[str, Tensor]]:
        return unpack(self.saved[number], self.trial.digest)


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return Case("lengths", tmp_path_factory.mktemp("single"))


@pytest.fixture(scope="module")
def stream(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return Case("stream", tmp_path_factory.mktemp("stream"))


@pytest.mark.parametrize("name", ["single", "stream"])
def test_a_state_comes_back_with_every_bit(name: str, request: pytest.FixtureRequest) -> None:
    case: Case = request.getfixturevalue(name)
    for content in case.saved:
        assert unpacked(case.read(content).to_bytes(case.trial.digest), case) == unpacked(content, case)


def unpacked(content: bytes, case: Case) -> tuple[dict[str, Any], dict[str, bytes]]:
    values, tensors = unpack(content, case.trial.digest)
    return values, {name: one.numpy().tobytes() for name, one in tensors.items()}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("position",), 3),
        (("position", "experience"), 1),
        (("position", "epoch"), 3),
        (("position", "epoch"), 2),
        (("position", "steps"), 6),
        (("position", "steps"), 4),
        (("position", "trained"), True),
        (("epochs",), []),
        (("epochs", 0), []),
        (("epochs", 0, 0), [{}, 1.0]),
        (("epochs", 0, 0), [{"train/loss": 1.0}, 1.0]),
        (("epochs", 0, 0, 1), -1.0),
        (("matrix",), [[1.0]]),
        (("seconds",), -1),
        (("waited",), float("nan")),
        (("early_stop",), None),
        (("early_stop", "waited"), 4),
        (("early_stop", "best_score"), "1"),
        (("backends",), ["import os"]),
        (("best_gates",), 1),
    ],
)
def test_a_wrong_value_is_refused(single: Case, path: tuple[Any, ...], value: Any) -> None:
    values, tensors = single.parts(8)
    assert values["position"] == {"experience": 0, "epoch": 1, "steps": 3, "trained": False}
    with pytest.raises(UserError, match=r"^The checkpoint is damaged: [^\n]+\.$"):
        single.read(pack(single.trial.digest, changed(values, path, value), tensors))


def changed(values: dict[str, Any], path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    """Return a copy of the values with another value at a path."""
    copied = copy.deepcopy(values)
    place: Any = copied
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return copied


@pytest.mark.parametrize(
    ("name", "tensor"),
    [
        ("weights/network.head.linear.bias", None),
        ("weights/network.head.linear.bias", torch.zeros(3)),
        ("best/network.head.linear.bias", None),
        ("ranks/0/losses", torch.zeros(2)),
        ("ranks/0/losses", torch.zeros(3, dtype=torch.float64)),
        ("ranks/0/random/torch", torch.zeros(8, dtype=torch.uint8)),
        ("optimizer/0/exp_avg", torch.zeros(1)),
        ("optimizer/99/exp_avg", torch.zeros(1)),
    ],
)
def test_a_wrong_tensor_is_refused(single: Case, name: str, tensor: Tensor | None) -> None:
    values, tensors = single.parts(8)
    if tensor is None:
        del tensors[name]
    else:
        tensors[name] = tensor
    with pytest.raises(UserError, match=r"^The checkpoint is damaged: [^\n]+\.$"):
        single.read(pack(single.trial.digest, values, tensors))


@given(st.data())
def test_any_value_at_any_place_is_refused_or_fits(single: Case, data: st.DataObject) -> None:
    """Whatever an attacker writes, the answer is one sentence or a state of the right kind; never another error."""
    values, tensors = single.parts(data.draw(st.integers(0, len(single.saved) - 1)))
    path = data.draw(st.sampled_from(paths(values)))
    content = pack(single.trial.digest, changed(values, path, data.draw(JSON)), tensors)
    try:
        state = single.read(content)
    except UserError:
        return
    assert state.position.steps == len(state.ranks[0].losses) <= 5
    assert len(state.epochs[-1]) == state.position.epoch


SHAPES = st.lists(st.integers(0, 3), max_size=3)
DTYPES = st.sampled_from([torch.float32, torch.float64, torch.int64, torch.uint8, torch.bool])


@given(st.data())
def test_any_tensor_at_any_place_is_refused_or_fits(single: Case, data: st.DataObject) -> None:
    values, tensors = single.parts(data.draw(st.integers(0, len(single.saved) - 1)))
    name = data.draw(st.sampled_from(sorted(tensors)))
    replaced = torch.zeros(data.draw(SHAPES), dtype=data.draw(DTYPES))
    fits = (replaced.shape, replaced.dtype) == (tensors[name].shape, tensors[name].dtype)
    content = pack(single.trial.digest, values, {**tensors, name: replaced})
    if fits:
        single.read(content)
        return
    with pytest.raises(UserError, match=r"^The checkpoint is damaged: [^\n]+\.$"):
        single.read(content)


@given(st.data())
def test_a_state_of_a_generator_is_refused_or_used(single: Case, data: st.DataObject) -> None:
    """Torch checks the places in the state of its generator, so that no state reads other memory."""
    values, tensors = single.parts(3)
    state = tensors["ranks/0/random/torch"].clone()
    for _ in range(data.draw(st.integers(1, 9))):
        state[data.draw(st.integers(0, len(state) - 1))] = data.draw(st.integers(0, 255))
    try:
        read = single.read(pack(single.trial.digest, values, {**tensors, "ranks/0/random/torch": state}))
    except UserError:
        return
    generator = torch.Generator()
    generator.set_state(read.ranks[0].random["random/torch"])
    assert torch.rand(2000, generator=generator).isfinite().all()


def paths(value: Any) -> list[tuple[Any, ...]]:
    """Return the paths to all parts of plain values."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path for key, one in entries for path in ((key,), *((key, *rest) for rest in paths(one)))]


def test_a_stream_has_its_rows_and_experiences(stream: Case) -> None:
    values, tensors = stream.parts(len(stream.saved) - 1)
    assert (len(values["matrix"]), values["position"]["experience"]) == (2, 2)
    for path, value in (
        (("matrix",), values["matrix"][:1]),
        (("matrix", 0), [1.0]),
        (("matrix", 0, 0), None),
        (("position", "experience"), 3),
        (("position", "experience"), 1),
        (("epochs",), values["epochs"][:2]),
    ):
        with pytest.raises(UserError):
            stream.read(pack(stream.trial.digest, changed(values, path, value), tensors))
