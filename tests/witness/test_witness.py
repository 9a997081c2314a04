"""The witnesses themselves: their form, torch.nn in float64, and a step that can be done by hand."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest
import torch

from . import RAW_INPUT, WITNESSES, Array, Arrays, draw, shapes, states

NAMES = sorted(WITNESSES)
EXACT = 1e-12


class ReadKeys(dict[str, Array]):
    """Parameters that remember which of them were asked for."""

    def __init__(self, parameters: Arrays) -> None:
        super().__init__(parameters)
        self.seen: set[str] = set()

    def __getitem__(self, key: str) -> Array:
        self.seen.add(key)
        return super().__getitem__(key)


def outputs(name: str, x: Array, state: Arrays, p: Arrays) -> Array:
    """The output of a witness: its first state, (T, B, H)."""
    return WITNESSES[name](x, state, p)["states"][states(name)[0]]


@pytest.mark.parametrize("name", NAMES)
def test_states_and_gates_have_the_promised_names_and_shapes(name: str) -> None:
    x, state, p = draw(name, seed=1, T=7, B=3, I=5, H=4)
    trace = WITNESSES[name](x, state, p)
    assert tuple(trace["states"]) == states(name)
    assert states(name)[0] == "h"
    for each, values in {**trace["states"], **trace["gates"]}.items():
        assert values.shape == (7, 3, 5 if each == "a" else 4)
        assert values.dtype == np.float64
        assert np.isfinite(values).all()


@pytest.mark.parametrize("name", NAMES)
def test_reads_exactly_the_parameters_it_declares_and_each_matters(name: str) -> None:
    x, state, p = draw(name, seed=2, scale=0.3)
    if name == "lstm_relu_gates":  # no gate may be shut for the whole sequence, or its weights could not matter
        p |= {each: values + 0.5 for each, values in p.items() if each.startswith("b.")}
    reading = ReadKeys(p)
    before = outputs(name, x, state, reading)
    assert reading.seen == set(p)
    for each in p:
        after = outputs(name, x, state, {**p, each: p[each] + 0.25})
        assert np.abs(after - before).max() > 1e-4, each


@pytest.mark.parametrize("name", NAMES)
def test_leaves_its_arguments_alone_and_gives_the_same_twice(name: str) -> None:
    x, state, p = draw(name, seed=3)
    first = outputs(name, x, state, p)
    x_again, state_again, p_again = draw(name, seed=3)
    np.testing.assert_array_equal(x, x_again)
    assert all(np.array_equal(state[each], state_again[each]) for each in state)
    np.testing.assert_array_equal(first, outputs(name, x, state, p_again))


@pytest.mark.parametrize("name", NAMES)
def test_two_halves_are_the_whole(name: str) -> None:
    """What comes back as the states is all that the next step needs."""
    x, state, p = draw(name, seed=4, T=6)
    whole = WITNESSES[name](x, state, p)["states"]
    half = WITNESSES[name](x[:3], state, p)["states"]
    rest = WITNESSES[name](x[3:], {each: values[-1] for each, values in half.items()}, p)["states"]
    for each in states(name):
        np.testing.assert_array_equal(whole[each], np.concatenate([half[each], rest[each]]))


@pytest.mark.parametrize("name", sorted(RAW_INPUT))
def test_raw_input_needs_equal_sizes(name: str) -> None:
    assert shapes(name, 4, 4)["W.z"] == (4, 4)
    with pytest.raises(ValueError, match="I must be H"):
        shapes(name, 5, 4)


def test_shapes_by_example() -> None:
    assert shapes("lstm_cifg", 5, 4) == {
        **{"W.i": (4, 5), "R.i": (4, 4), "b.i": (4,), "p.i": (4,)},
        **{"W.g": (4, 5), "R.g": (4, 4), "b.g": (4,)},
        **{"W.o": (4, 5), "R.o": (4, 4), "b.o": (4,), "p.o": (4,)},
    }
    assert shapes("indrnn", 5, 4) == {"W.n": (4, 5), "R.n": (4,), "b.n": (4,)}
    assert shapes("mut1", 4, 4).keys() == {"W.z", "b.z", "W.r", "R.r", "b.r", "R.n", "b.n"}
    attention = shapes("lstm_attention_input", 5, 4)
    assert (attention["W.a"], attention["R.a"], attention["b.a"]) == ((5, 5), (5, 4), (5,))
    # Greff et al.: V has 4 (H I + H² + H) + 3 H parameters, full gate recurrence 9 H² more.
    count = {
        name: sum(np.prod(shape) for shape in shapes(name, 5, 4).values()) for name in ("lstm_peephole", "lstm_fgr")
    }
    assert count == {"lstm_peephole": 4 * (20 + 16 + 4) + 12, "lstm_fgr": 4 * (20 + 16 + 4) + 12 + 9 * 16}


def test_witnesses_import_nothing_but_numpy_and_one_another() -> None:
    """A witness that calls what it should testify against is none."""
    for file in Path(__file__).parent.glob("*.py"):
        if file.name.startswith("test_"):
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                assert {alias.name for alias in node.names} <= {"numpy"}, file.name
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                assert node.module in {"__future__", "collections.abc", "numpy.typing"}, file.name


def in_torch(layer: torch.nn.RNNBase, gates: str, name: str, seed: int) -> tuple[Arrays, Arrays]:
    """Outputs and final states of torch's layer and of the witness, on the same draw."""
    x, state, p = draw(name, seed, T=11, B=3, I=5, H=4)
    rng = np.random.default_rng(seed + 1)
    halves = {each: rng.standard_normal(p[f"b.{each}"].shape) for each in gates}
    # torch has two biases per gate; only the GRU's candidate tells them apart.
    inner = {each: p[f"d.{each}"] if f"d.{each}" in p else p[f"b.{each}"] - halves[each] for each in gates}
    outer = {each: p[f"b.{each}"] if f"d.{each}" in p else halves[each] for each in gates}
    for parameter, parts in (
        (layer.weight_ih_l0, [p[f"W.{each}"] for each in gates]),
        (layer.weight_hh_l0, [p[f"R.{each}"] for each in gates]),
        (layer.bias_ih_l0, [outer[each] for each in gates]),
        (layer.bias_hh_l0, [inner[each] for each in gates]),
    ):
        assert isinstance(parameter, torch.nn.Parameter)
        parameter.data = torch.from_numpy(np.concatenate(parts))
    initial = [torch.from_numpy(state[each])[None] for each in states(name)]
    with torch.no_grad():
        h, last = layer(torch.from_numpy(x), tuple(initial) if len(initial) > 1 else initial[0])
    theirs = {"outputs": h.numpy()}
    for each, final in zip(states(name), last if len(initial) > 1 else (last,), strict=True):
        theirs[each] = final[0].numpy()
    trace = WITNESSES[name](x, state, p)
    return theirs, {"outputs": trace["states"]["h"], **{each: trace["states"][each][-1] for each in states(name)}}


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize(
    ("name", "layer", "gates"),
    [
        ("rnn_tanh", torch.nn.RNN(5, 4, nonlinearity="tanh", dtype=torch.float64), "n"),
        ("rnn_relu", torch.nn.RNN(5, 4, nonlinearity="relu", dtype=torch.float64), "n"),
        ("irnn", torch.nn.RNN(5, 4, nonlinearity="relu", dtype=torch.float64), "n"),
        ("lstm", torch.nn.LSTM(5, 4, dtype=torch.float64), "ifgo"),
        ("lstm_b", torch.nn.LSTM(5, 4, dtype=torch.float64), "ifgo"),
        ("lstm_chrono", torch.nn.LSTM(5, 4, dtype=torch.float64), "ifgo"),
        ("lstm_np", torch.nn.LSTM(5, 4, dtype=torch.float64), "ifgo"),
        ("gru", torch.nn.GRU(5, 4, dtype=torch.float64), "rzn"),
    ],
)
def test_is_the_layer_of_torch(name: str, layer: torch.nn.RNNBase, gates: str, seed: int) -> None:
    theirs, ours = in_torch(layer, gates, name, seed)
    for each, values in ours.items():
        np.testing.assert_allclose(values, theirs[each], rtol=0, atol=EXACT, err_msg=each)


def test_hard_gates_are_the_hardsigmoid_of_torch() -> None:
    x, state, p = draw("lstm_hard_gates", seed=5, T=1, scale=3.0)
    gate = WITNESSES["lstm_hard_gates"](x, state, p)["gates"]["i"][0]
    a = x[0] @ p["W.i"].T + state["h"] @ p["R.i"].T + p["b.i"]
    assert (gate == 0).any()
    assert (gate == 1).any()
    np.testing.assert_allclose(gate, torch.nn.functional.hardsigmoid(torch.from_numpy(a)).numpy(), atol=EXACT)


def test_a_step_by_hand() -> None:
    """i = 0.8, f = 0.5, candidate [1, 2, 3], state before [4, 5, 6]: c = 0.5 [4, 5, 6] + 0.8 [1, 2, 3]."""
    p = {each: np.zeros(shape) for each, shape in shapes("lstm_niaf", 3, 3).items()}
    p["W.g"] = np.eye(3)
    p["b.i"] = np.full(3, np.log(0.8 / 0.2))
    p["b.o"] = np.full(3, np.log(0.6 / 0.4))
    state = {"h": np.zeros((1, 3)), "c": np.array([[4.0, 5.0, 6.0]])}
    trace = WITNESSES["lstm_niaf"](np.array([[[1.0, 2.0, 3.0]]]), state, p)
    np.testing.assert_allclose(trace["states"]["c"], [[[2.8, 4.1, 5.4]]], rtol=0, atol=EXACT)
    np.testing.assert_allclose(trace["states"]["h"], 0.6 * np.tanh([[[2.8, 4.1, 5.4]]]), rtol=0, atol=EXACT)
