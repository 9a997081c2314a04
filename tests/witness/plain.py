"""Witnesses: recurrent networks without gates."""

from __future__ import annotations

import numpy as np

from .notation import Array, Arrays, Entry, Step, Trace, stack


def rnn_tanh(x: Array, state: Arrays, p: Arrays) -> Trace:
    """Elman 1990, "Finding structure in time"; the same as torch.nn.RNN(nonlinearity="tanh").

    h_t = tanh(W x_t + R h_{t-1} + b), reported as the gate n too.
    """
    h = state["h"]
    steps: list[Step] = []
    for x_t in x:
        h = np.tanh(x_t @ p["W.n"].T + h @ p["R.n"].T + p["b.n"])
        steps.append(({"h": h}, {"n": h}))
    return stack(steps)


def rnn_relu(x: Array, state: Arrays, p: Arrays) -> Trace:
    """The Elman network with a rectifier; the same as torch.nn.RNN(nonlinearity="relu").

    h_t = max(0, W x_t + R h_{t-1} + b)
    """
    h = state["h"]
    steps: list[Step] = []
    for x_t in x:
        a = x_t @ p["W.n"].T + h @ p["R.n"].T + p["b.n"]
        h = np.where(a > 0.0, a, 0.0)
        steps.append(({"h": h}, {"n": h}))
    return stack(steps)


def irnn(x: Array, state: Arrays, p: Arrays) -> Trace:
    """Le, Jaitly & Hinton 2015 (arXiv 1504.00941): rnn_relu's equation; only the initialisation differs (W_hh = 1).

    h_t = ReLU(W_hh h_{t-1} + W_xh x_t + b). Here: W_xh = "W.n", W_hh = "R.n".
    """
    W_xh, W_hh, b = p["W.n"], p["R.n"], p["b.n"]
    h = state["h"]
    steps: list[Step] = []
    for x_t in x:
        h = np.maximum(0.0, h @ W_hh.T + x_t @ W_xh.T + b)
        steps.append(({"h": h}, {"n": h}))
    return stack(steps)


def indrnn(x: Array, state: Arrays, p: Arrays) -> Trace:
    """Li et al. 2018 (arXiv 1803.04831): every unit sees only its own past, u is a vector.

    h_t = ReLU(W x_t + u ⊙ h_{t-1} + b). Here: u = "R.n", (H,).
    """
    u = p["R.n"]
    h = state["h"]
    steps: list[Step] = []
    for x_t in x:
        h = np.maximum(0.0, x_t @ p["W.n"].T + u * h + p["b.n"])
        steps.append(({"h": h}, {"n": h}))
    return stack(steps)


CELLS: dict[str, Entry] = {
    "rnn_tanh": (rnn_tanh, "h", "WRb.n"),
    "rnn_relu": (rnn_relu, "h", "WRb.n"),
    "irnn": (irnn, "h", "WRb.n"),
    "indrnn": (indrnn, "h", "Wub.n"),
}
