"""The witnesses against ONNX Runtime, in float32: its LSTM has peepholes, coupled gates and other activations."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper

from . import WITNESSES, Array, Arrays, draw, states

CLOSE = 2e-6
LINEAR = "Affine"
"""With alpha = 1 and beta = 0: the identity."""


def gate(p: Arrays, kind: str, gate: str, shape: tuple[int, ...]) -> Array:
    """A parameter, or zeros where the cell has none."""
    return p.get(f"{kind}.{gate}", np.zeros(shape))


def run(op: str, x: Array, initial: list[Array], inputs: dict[str, Array], **attributes: Any) -> list[Array]:
    """One ONNX recurrent operator: outputs (T, B, H), then each final state (B, H)."""
    feeds = {"X": x, **inputs}
    feeds |= {f"initial_{index}": state[None] for index, state in enumerate(initial)}
    names = ["X", "W", "R", "B", "", *[f"initial_{index}" for index in range(len(initial))]]
    names += ["P"] if "P" in inputs else []
    results = ["Y", *[f"Y_{index}" for index in range(len(initial))]]
    node = helper.make_node(op, names, results, hidden_size=initial[0].shape[1], **attributes)
    graph = helper.make_graph(
        [node],
        "recurrent",
        [helper.make_tensor_value_info(each, TensorProto.FLOAT, values.shape) for each, values in feeds.items()],
        [helper.make_tensor_value_info(each, TensorProto.FLOAT, None) for each in results],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    found: list[NDArray[np.float32]] = session.run(None, {each: v.astype(np.float32) for each, v in feeds.items()})
    return [found[0][:, 0].astype(np.float64), *[each[0].astype(np.float64) for each in found[1:]]]


def stacked(p: Arrays, gates: str, I: int, H: int) -> dict[str, Array]:  # noqa: E741
    """W, R and B in the order of `gates`; "d" is the recurrent half of the bias."""
    outer = [gate(p, "b", each, (H,)) for each in gates]
    inner = [gate(p, "d", each, (H,)) for each in gates]
    return {
        "W": np.concatenate([gate(p, "W", each, (H, I)) for each in gates])[None],
        "R": np.concatenate([gate(p, "R", each, (H, H)) for each in gates])[None],
        "B": np.concatenate([*outer, *inner])[None],
    }


def agree(name: str, x: Array, state: Arrays, p: Arrays, theirs: list[Array]) -> None:
    trace = WITNESSES[name](x, state, p)
    np.testing.assert_allclose(trace["states"]["h"], theirs[0], rtol=CLOSE, atol=CLOSE)
    for each, final in zip(states(name), theirs[1:], strict=True):
        np.testing.assert_allclose(trace["states"][each][-1], final, rtol=CLOSE, atol=CLOSE, err_msg=each)


def onnx_lstm(x: Array, state: Arrays, p: Arrays, **attributes: Any) -> list[Array]:
    """ONNX orders its gates i, o, f, c and its peepholes i, o, f; o's peephole sees the new cell state."""
    H = state["c"].shape[1]
    inputs = stacked(p, "iofg", x.shape[2], H)
    inputs["P"] = np.concatenate([gate(p, "p", each, (H,)) for each in "iof"])[None]
    return run("LSTM", x, [state["h"], state["c"]], inputs, **attributes)


OPEN = 100.0
"""A bias that holds a σ gate at 1 in float32."""


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize(
    ("name", "fixed", "attributes"),
    [
        ("lstm", "", {}),
        ("lstm_np", "", {}),
        ("lstm_peephole", "", {}),
        ("lstm_nig", "i", {}),
        ("lstm_nfg", "f", {}),
        ("lstm_nog", "o", {}),
        ("lstm_no_input", "i", {}),
        ("lstm_no_forget", "f", {}),
        ("lstm_no_output", "o", {}),
        ("lstm_niaf", "", {"activations": ["Sigmoid", LINEAR, "Tanh"]}),
        ("lstm_noaf", "", {"activations": ["Sigmoid", "Tanh", LINEAR]}),
        ("lstm_cifg", "", {"input_forget": 1}),
        ("lstm_sigmoid_candidate", "", {"activations": ["Sigmoid", "Sigmoid", "Tanh"]}),
        ("lstm_relu_gates", "", {"activations": ["Relu", "Tanh", "Tanh"]}),
        ("lstm_tanh_gates", "", {"activations": ["Tanh", "Tanh", "Tanh"]}),
        (
            "lstm_hard_gates",
            "",
            {
                "activations": ["HardSigmoid", "Tanh", "Tanh"],
                "activation_alpha": [1 / 6, 1.0, 1.0],
                "activation_beta": [0.5, 0.0, 0.0],
            },
        ),
    ],
)
def test_is_the_lstm_of_onnx(name: str, fixed: str, attributes: dict[str, Any], seed: int) -> None:
    if LINEAR in attributes.get("activations", []):
        attributes |= {"activation_alpha": [1.0], "activation_beta": [0.0]}
    x, state, p = draw(name, seed, scale=0.4)
    held = {f"b.{each}": np.full(4, OPEN) for each in fixed}
    agree(name, x, state, p, onnx_lstm(x, state, {**p, **held}, **attributes))


def test_janet_is_an_onnx_lstm_with_a_mirrored_input_gate() -> None:
    """f = σ(s), i = σ(β - s), o = 1 and no output activation: then h = c."""
    x, state, p = draw("janet", seed=6, scale=0.5)
    as_lstm = {f"{kind}.f": p[f"{kind}.s"] for kind in "WRb"} | {f"{kind}.i": -p[f"{kind}.s"] for kind in "WRb"}
    as_lstm |= {f"{kind}.g": p[f"{kind}.g"] for kind in "WRb"}
    as_lstm |= {"b.i": 1.0 - p["b.s"], "b.o": np.full(4, OPEN)}
    linear_out = {"activations": ["Sigmoid", "Tanh", LINEAR], "activation_alpha": [1.0], "activation_beta": [0.0]}
    theirs = onnx_lstm(x, {"h": state["h"], "c": state["h"]}, as_lstm, **linear_out)
    agree("janet", x, state, p, theirs[:2])


def onnx_gru(x: Array, state: Arrays, p: Arrays, **attributes: Any) -> list[Array]:
    """ONNX orders its gates z, r, h and lets z keep the old state."""
    return run("GRU", x, [state["h"]], stacked(p, "zrn", x.shape[2], state["h"].shape[1]), **attributes)


def writing(p: Arrays) -> Arrays:
    """The same cell with the other sign of z: σ(-a) = 1 - σ(a)."""
    return {each: -values if each.endswith(".z") else values for each, values in p.items()}


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize(
    ("name", "held"),
    [("gru", {}), ("gru_no_reset", {"b.r": OPEN}), ("gru_no_update", {"b.z": -OPEN})],
)
def test_is_the_gru_of_onnx_with_the_reset_after(name: str, held: dict[str, float], seed: int) -> None:
    x, state, p = draw(name, seed)
    fixed = {each: np.full(4, value) for each, value in held.items()}
    agree(name, x, state, p, onnx_gru(x, state, {**p, **fixed}, linear_before_reset=1))


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("name", ["gru_before", "gru1", "gru2", "gru3"])
def test_is_the_gru_of_onnx_with_the_reset_before_and_the_other_sign(name: str, seed: int) -> None:
    x, state, p = draw(name, seed)
    agree(name, x, state, p, onnx_gru(x, state, writing(p), linear_before_reset=0))


@pytest.mark.parametrize("name", ["mgu", "mgu1", "mgu2", "mgu3"])
def test_mgu_is_the_gru_of_onnx_with_one_gate_for_two(name: str) -> None:
    x, state, p = draw(name, seed=7)
    tied = {f"{kind}.{each}": p[f"{kind}.f"] for kind in "WRb" if f"{kind}.f" in p for each in "rz"}
    as_gru = writing(tied | {each: values for each, values in p.items() if each.endswith(".n")})
    agree(name, x, state, p, onnx_gru(x, state, as_gru, linear_before_reset=0))


@pytest.mark.parametrize(
    ("name", "keep", "candidate", "activation"), [("ugrnn", "g", "c", "Tanh"), ("ligru", "z", "n", "Relu")]
)
def test_a_gru_of_onnx_without_its_reset(name: str, keep: str, candidate: str, activation: str) -> None:
    x, state, p = draw(name, seed=8)
    as_gru = {f"{kind}.z": p[f"{kind}.{keep}"] for kind in "WRb"} | {"b.r": np.full(4, OPEN)}
    as_gru |= {f"{kind}.n": p[f"{kind}.{candidate}"] for kind in "WRb"}
    agree(name, x, state, p, onnx_gru(x, state, as_gru, activations=["Sigmoid", activation], linear_before_reset=1))


def test_mingru_is_a_linear_gru_of_onnx_without_recurrent_weights() -> None:
    x, state, p = draw("mingru", seed=9)
    linear = {"activations": ["Sigmoid", LINEAR], "activation_alpha": [1.0], "activation_beta": [0.0]}
    agree("mingru", x, state, p, onnx_gru(x, state, writing(p), linear_before_reset=1, **linear))
