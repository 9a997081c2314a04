"""Witnesses: the GRU, reset after and before the product, without a gate, and with slimmer gates.

Two conventions meet here, and they are not equal:

- `gru`, `gru_no_reset`, `gru_no_update`: z *keeps* the old state, r multiplies R h (after the product), as in torch;
- `gru_before`, `gru1`, `gru2`, `gru3`: z *writes* the candidate, r multiplies h (before the product), as in Chung 2014.

The candidate, h̃ in the papers, is our n.
"""

from __future__ import annotations

import numpy as np

from .notation import Array, Arrays, Entry, Step, Trace, sigmoid, stack


def gru(x: Array, state: Arrays, p: Arrays) -> Trace:
    """Cho et al. 2014 (arXiv 1406.1078v1, z keeps), with the reset after the product; the same as torch.nn.GRU.

    r = σ(W_r x + R_r h + b_r)           z = σ(W_z x + R_z h + b_z)
    n = tanh(W_n x + b_n + r ⊙ (R_n h + d_n))
    h' = (1 - z) ⊙ n + z ⊙ h
    """
    h = state["h"]
    steps: list[Step] = []
    for x_t in x:
        r = sigmoid(x_t @ p["W.r"].T + h @ p["R.r"].T + p["b.r"])
        z = sigmoid(x_t @ p["W.z"].T + h @ p["R.z"].T + p["b.z"])
        n = np.tanh(x_t @ p["W.n"].T + p["b.n"] + r * (h @ p["R.n"].T + p["d.n"]))
        h = (1.0 - z) * n + z * h
        steps.append(({"h": h}, {"r": r, "z": z, "n": n}))
    return stack(steps)


def gru_no_reset(x: Array, state: Arrays, p: Arrays) -> Trace:
    """`gru` with r = 1: n = tanh(W_n x + R_n h + b_n). Its two biases b_n and d_n do one job now, and are one."""
    h = state["h"]
    steps: list[Step] = []
    for x_t in x:
        z = sigmoid(x_t @ p["W.z"].T + h @ p["R.z"].T + p["b.z"])
        n = np.tanh(x_t @ p["W.n"].T + h @ p["R.n"].T + p["b.n"])
        h = (1.0 - z) * n + z * h
        steps.append(({"h": h}, {"z": z, "n": n}))
    return stack(steps)


def gru_no_update(x: Array, state: Arrays, p: Arrays) -> Trace:
    """`gru` with z = 0, nothing kept: h' = n = tanh(W_n x + b_n + r ⊙ (R_n h + d_n))."""
    h = state["h"]
    steps: list[Step] = []
    for x_t in x:
        r = sigmoid(x_t @ p["W.r"].T + h @ p["R.r"].T + p["b.r"])
        h = np.tanh(x_t @ p["W.n"].T + p["b.n"] + r * (h @ p["R.n"].T + p["d.n"]))
        steps.append(({"h": h}, {"r": r, "n": h}))
    return stack(steps)


def gru_before(x: Array, state: Arrays, p: Arrays) -> Trace:
    """Chung, Gulcehre, Cho & Bengio 2014 (arXiv 1412.3555), section 3.2; the paper writes no biases, we have them.

        z = σ(W_z x + U_z h + b_z)           r = σ(W_r x + U_r h + b_r)
        h̃ = tanh(W x + U (r ⊙ h) + b)
        h' = (1 - z) ⊙ h + z ⊙ h̃             z *writes*: the opposite sign of `gru`

    Here: U_z, U_r, U = "R.z", "R.r", "R.n"; h̃ = n.
    """
    h = state["h"]
    steps: list[Step] = []
    for x_t in x:
        z = sigmoid(x_t @ p["W.z"].T + h @ p["R.z"].T + p["b.z"])
        r = sigmoid(x_t @ p["W.r"].T + h @ p["R.r"].T + p["b.r"])
        n = np.tanh(x_t @ p["W.n"].T + (r * h) @ p["R.n"].T + p["b.n"])
        h = (1.0 - z) * h + z * n
        steps.append(({"h": h}, {"r": r, "z": z, "n": n}))
    return stack(steps)


def gru1(x: Array, state: Arrays, p: Arrays) -> Trace:
    """Dey & Salem 2017 (arXiv 1701.05923), GRU1: the gates see h and a bias, not x; the rest is `gru_before`.

    z = σ(U_z h + b_z)      r = σ(U_r h + b_r)
    """
    h = state["h"]
    steps: list[Step] = []
    for x_t in x:
        z = sigmoid(h @ p["R.z"].T + p["b.z"])
        r = sigmoid(h @ p["R.r"].T + p["b.r"])
        n = np.tanh(x_t @ p["W.n"].T + (r * h) @ p["R.n"].T + p["b.n"])
        h = (1.0 - z) * h + z * n
        steps.append(({"h": h}, {"r": r, "z": z, "n": n}))
    return stack(steps)


def gru2(x: Array, state: Arrays, p: Arrays) -> Trace:
    """Dey & Salem 2017, GRU2: the gates see h only; the rest is `gru_before`.

    z = σ(U_z h)      r = σ(U_r h)
    """
    h = state["h"]
    steps: list[Step] = []
    for x_t in x:
        z = sigmoid(h @ p["R.z"].T)
        r = sigmoid(h @ p["R.r"].T)
        n = np.tanh(x_t @ p["W.n"].T + (r * h) @ p["R.n"].T + p["b.n"])
        h = (1.0 - z) * h + z * n
        steps.append(({"h": h}, {"r": r, "z": z, "n": n}))
    return stack(steps)


def gru3(x: Array, state: Arrays, p: Arrays) -> Trace:
    """Dey & Salem 2017, GRU3: the gates are biases only, constant in time; the rest is `gru_before`.

    z = σ(b_z)      r = σ(b_r)
    """
    h = state["h"]
    steps: list[Step] = []
    for x_t in x:
        z = sigmoid(np.broadcast_to(p["b.z"], h.shape))
        r = sigmoid(np.broadcast_to(p["b.r"], h.shape))
        n = np.tanh(x_t @ p["W.n"].T + (r * h) @ p["R.n"].T + p["b.n"])
        h = (1.0 - z) * h + z * n
        steps.append(({"h": h}, {"r": r, "z": z, "n": n}))
    return stack(steps)


CELLS: dict[str, Entry] = {
    "gru": (gru, "h", "WRb.r WRb.z WRbd.n"),
    "gru_no_reset": (gru_no_reset, "h", "WRb.z WRb.n"),
    "gru_no_update": (gru_no_update, "h", "WRb.r WRbd.n"),
    "gru_before": (gru_before, "h", "WRb.r WRb.z WRb.n"),
    "gru1": (gru1, "h", "Rb.r Rb.z WRb.n"),
    "gru2": (gru2, "h", "R.r R.z WRb.n"),
    "gru3": (gru3, "h", "b.r b.z WRb.n"),
}
