"""Witnesses: the LSTM without peepholes, with other activations, one more product, or attention over its input."""

from __future__ import annotations

import numpy as np

from .notation import Array, Arrays, Entry, Step, Trace, sigmoid, stack


def lstm_sigmoid_candidate(x: Array, state: Arrays, p: Arrays) -> Trace:
    """An ablation of our own: g = σ(W_g x + R_g h + b_g), so that the cell state can only be added to."""
    h, c = state["h"], state["c"]
    steps: list[Step] = []
    for x_t in x:
        i = sigmoid(x_t @ p["W.i"].T + h @ p["R.i"].T + p["b.i"])
        f = sigmoid(x_t @ p["W.f"].T + h @ p["R.f"].T + p["b.f"])
        g = sigmoid(x_t @ p["W.g"].T + h @ p["R.g"].T + p["b.g"])
        o = sigmoid(x_t @ p["W.o"].T + h @ p["R.o"].T + p["b.o"])
        c = f * c + i * g
        h = o * np.tanh(c)
        steps.append(({"h": h, "c": c}, {"i": i, "f": f, "g": g, "o": o}))
    return stack(steps)


def lstm_output_times_forget(x: Array, state: Arrays, p: Arrays) -> Trace:
    """An ablation of our own: h' = (o ⊙ f) ⊙ tanh(c'). Reported o is σ(…) itself, before it is multiplied by f."""
    h, c = state["h"], state["c"]
    steps: list[Step] = []
    for x_t in x:
        i = sigmoid(x_t @ p["W.i"].T + h @ p["R.i"].T + p["b.i"])
        f = sigmoid(x_t @ p["W.f"].T + h @ p["R.f"].T + p["b.f"])
        g = np.tanh(x_t @ p["W.g"].T + h @ p["R.g"].T + p["b.g"])
        o = sigmoid(x_t @ p["W.o"].T + h @ p["R.o"].T + p["b.o"])
        c = f * c + i * g
        h = (o * f) * np.tanh(c)
        steps.append(({"h": h, "c": c}, {"i": i, "f": f, "g": g, "o": o}))
    return stack(steps)


def lstm_relu_gates(x: Array, state: Arrays, p: Arrays) -> Trace:
    """An ablation of our own: i, f, o = max(0, W x + R h + b), not bounded above; g stays tanh."""
    h, c = state["h"], state["c"]
    steps: list[Step] = []
    for x_t in x:
        i = np.maximum(0.0, x_t @ p["W.i"].T + h @ p["R.i"].T + p["b.i"])
        f = np.maximum(0.0, x_t @ p["W.f"].T + h @ p["R.f"].T + p["b.f"])
        g = np.tanh(x_t @ p["W.g"].T + h @ p["R.g"].T + p["b.g"])
        o = np.maximum(0.0, x_t @ p["W.o"].T + h @ p["R.o"].T + p["b.o"])
        c = f * c + i * g
        h = o * np.tanh(c)
        steps.append(({"h": h, "c": c}, {"i": i, "f": f, "g": g, "o": o}))
    return stack(steps)


def lstm_tanh_gates(x: Array, state: Arrays, p: Arrays) -> Trace:
    """An ablation of our own: i, f, o = tanh(W x + R h + b), which may be negative; g stays tanh."""
    h, c = state["h"], state["c"]
    steps: list[Step] = []
    for x_t in x:
        i = np.tanh(x_t @ p["W.i"].T + h @ p["R.i"].T + p["b.i"])
        f = np.tanh(x_t @ p["W.f"].T + h @ p["R.f"].T + p["b.f"])
        g = np.tanh(x_t @ p["W.g"].T + h @ p["R.g"].T + p["b.g"])
        o = np.tanh(x_t @ p["W.o"].T + h @ p["R.o"].T + p["b.o"])
        c = f * c + i * g
        h = o * np.tanh(c)
        steps.append(({"h": h, "c": c}, {"i": i, "f": f, "g": g, "o": o}))
    return stack(steps)


def lstm_hard_gates(x: Array, state: Arrays, p: Arrays) -> Trace:
    """An ablation of our own: i, f, o = clip((W x + R h + b) / 6 + 1/2, 0, 1), torch's hardsigmoid; g stays tanh."""
    h, c = state["h"], state["c"]
    steps: list[Step] = []
    for x_t in x:
        i = np.clip((x_t @ p["W.i"].T + h @ p["R.i"].T + p["b.i"]) / 6.0 + 0.5, 0.0, 1.0)
        f = np.clip((x_t @ p["W.f"].T + h @ p["R.f"].T + p["b.f"]) / 6.0 + 0.5, 0.0, 1.0)
        g = np.tanh(x_t @ p["W.g"].T + h @ p["R.g"].T + p["b.g"])
        o = np.clip((x_t @ p["W.o"].T + h @ p["R.o"].T + p["b.o"]) / 6.0 + 0.5, 0.0, 1.0)
        c = f * c + i * g
        h = o * np.tanh(c)
        steps.append(({"h": h, "c": c}, {"i": i, "f": f, "g": g, "o": o}))
    return stack(steps)


def lstm_attention_input(x: Array, state: Arrays, p: Arrays) -> Trace:
    """Zhang et al. 2018 (arXiv 1807.04445), Zhang et al. 2019 (arXiv 1909.01939): EleAttG before an LSTM.

        a = σ(W_xa x + W_ha h + b_a)         (B, I): one weight for each element of the input
        x̃ = a ⊙ x
        i, f, g, o, c', h' as in `lstm`, with x̃ in the place of x

    Here: W_xa = "W.a" (I, I), W_ha = "R.a" (I, H), b_a = "b.a" (I,). The reported gate a is (T, B, I).
    """
    h, c = state["h"], state["c"]
    steps: list[Step] = []
    for x_t in x:
        a = sigmoid(x_t @ p["W.a"].T + h @ p["R.a"].T + p["b.a"])
        x_tilde = a * x_t
        i = sigmoid(x_tilde @ p["W.i"].T + h @ p["R.i"].T + p["b.i"])
        f = sigmoid(x_tilde @ p["W.f"].T + h @ p["R.f"].T + p["b.f"])
        g = np.tanh(x_tilde @ p["W.g"].T + h @ p["R.g"].T + p["b.g"])
        o = sigmoid(x_tilde @ p["W.o"].T + h @ p["R.o"].T + p["b.o"])
        c = f * c + i * g
        h = o * np.tanh(c)
        steps.append(({"h": h, "c": c}, {"a": a, "i": i, "f": f, "g": g, "o": o}))
    return stack(steps)


CELLS: dict[str, Entry] = {
    "lstm_sigmoid_candidate": (lstm_sigmoid_candidate, "h c", "WRb.i WRb.f WRb.g WRb.o"),
    "lstm_output_times_forget": (lstm_output_times_forget, "h c", "WRb.i WRb.f WRb.g WRb.o"),
    "lstm_relu_gates": (lstm_relu_gates, "h c", "WRb.i WRb.f WRb.g WRb.o"),
    "lstm_tanh_gates": (lstm_tanh_gates, "h c", "WRb.i WRb.f WRb.g WRb.o"),
    "lstm_hard_gates": (lstm_hard_gates, "h c", "WRb.i WRb.f WRb.g WRb.o"),
    "lstm_attention_input": (lstm_attention_input, "h c", "WRb.a WRb.i WRb.f WRb.g WRb.o"),
}
