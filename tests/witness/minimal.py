"""Witnesses: cells with one gate. State h."""

from __future__ import annotations

import numpy as np

from .notation import Array, Arrays, Entry, Step, Trace, sigmoid, stack


def mgu(x: Array, state: Arrays, p: Arrays) -> Trace:
    """Zhou, Wu, Zhang & Zhou 2016 (arXiv 1603.09420): one gate resets and updates.

        f = σ(W_f [h, x] + b_f)
        h̃ = tanh(W_h [f ⊙ h, x] + b_h)
        h' = (1 - f) ⊙ h + f ⊙ h̃             f *writes*, in spite of its name

    Here: h̃ = n; W_f = ["R.f", "W.f"], W_h = ["R.n", "W.n"].
    """
    h = state["h"]
    steps: list[Step] = []
    for x_t in x:
        f = sigmoid(h @ p["R.f"].T + x_t @ p["W.f"].T + p["b.f"])
        n = np.tanh((f * h) @ p["R.n"].T + x_t @ p["W.n"].T + p["b.n"])
        h = (1.0 - f) * h + f * n
        steps.append(({"h": h}, {"f": f, "n": n}))
    return stack(steps)


def mgu1(x: Array, state: Arrays, p: Arrays) -> Trace:
    """Heck & Salem 2017 (arXiv 1701.03452), MGU1: f = σ(U_f h + b_f); the rest is `mgu`."""
    h = state["h"]
    steps: list[Step] = []
    for x_t in x:
        f = sigmoid(h @ p["R.f"].T + p["b.f"])
        n = np.tanh((f * h) @ p["R.n"].T + x_t @ p["W.n"].T + p["b.n"])
        h = (1.0 - f) * h + f * n
        steps.append(({"h": h}, {"f": f, "n": n}))
    return stack(steps)


def mgu2(x: Array, state: Arrays, p: Arrays) -> Trace:
    """Heck & Salem 2017, MGU2: f = σ(U_f h); the rest is `mgu`."""
    h = state["h"]
    steps: list[Step] = []
    for x_t in x:
        f = sigmoid(h @ p["R.f"].T)
        n = np.tanh((f * h) @ p["R.n"].T + x_t @ p["W.n"].T + p["b.n"])
        h = (1.0 - f) * h + f * n
        steps.append(({"h": h}, {"f": f, "n": n}))
    return stack(steps)


def mgu3(x: Array, state: Arrays, p: Arrays) -> Trace:
    """Heck & Salem 2017, MGU3: f = σ(b_f), constant in time; the rest is `mgu`."""
    h = state["h"]
    steps: list[Step] = []
    for x_t in x:
        f = sigmoid(np.broadcast_to(p["b.f"], h.shape))
        n = np.tanh((f * h) @ p["R.n"].T + x_t @ p["W.n"].T + p["b.n"])
        h = (1.0 - f) * h + f * n
        steps.append(({"h": h}, {"f": f, "n": n}))
    return stack(steps)


def ugrnn(x: Array, state: Arrays, p: Arrays) -> Trace:
    """Collins, Sohl-Dickstein & Sussillo 2017 (arXiv 1611.09913), section 1.2.

        c = tanh(W_ch h + W_cx x + b_c)      the candidate, not a state
        g = σ(W_gh h + W_gx x + b_g)         the gate
        h' = g ⊙ h + (1 - g) ⊙ c             g *keeps*

    The paper lets the candidate be tanh or ReLU: tanh here. It adds 1 to b_g as an initial bias: part of "b.g" here.
    """
    h = state["h"]
    steps: list[Step] = []
    for x_t in x:
        c = np.tanh(h @ p["R.c"].T + x_t @ p["W.c"].T + p["b.c"])
        g = sigmoid(h @ p["R.g"].T + x_t @ p["W.g"].T + p["b.g"])
        h = g * h + (1.0 - g) * c
        steps.append(({"h": h}, {"g": g, "c": c}))
    return stack(steps)


def ligru(x: Array, state: Arrays, p: Arrays) -> Trace:
    """Ravanelli, Brakel, Omologo & Bengio 2018 (arXiv 1803.10225), Li-GRU *without* its batch norm of W x.

        z = σ(W_z x + U_z h + b_z)
        h̃ = ReLU(W_h x + U_h h + b_h)
        h' = z ⊙ h + (1 - z) ⊙ h̃             z *keeps*

    The biases stand for the shift of the batch norm that is left out. Here: h̃ = n, U = "R".
    """
    h = state["h"]
    steps: list[Step] = []
    for x_t in x:
        z = sigmoid(x_t @ p["W.z"].T + h @ p["R.z"].T + p["b.z"])
        n = np.maximum(0.0, x_t @ p["W.n"].T + h @ p["R.n"].T + p["b.n"])
        h = z * h + (1.0 - z) * n
        steps.append(({"h": h}, {"z": z, "n": n}))
    return stack(steps)


def janet(x: Array, state: Arrays, p: Arrays) -> Trace:
    """Van der Westhuizen & Lasenby 2018 (arXiv 1804.04849), section 4, with β = 1.

        s = U_f h + W_f x + b_f
        c̃ = tanh(U_c h + W_c x + b_c)
        c' = σ(s) ⊙ c + (1 - σ(s - β)) ⊙ c̃
        h' = c'

    Here: h = c is the one state, c̃ = g, f = σ(s), i = 1 - σ(s - β); U_f = "R.s", U_c = "R.g". s is reported too.
    """
    beta = 1.0
    h = state["h"]
    steps: list[Step] = []
    for x_t in x:
        s = h @ p["R.s"].T + x_t @ p["W.s"].T + p["b.s"]
        c_tilde = np.tanh(h @ p["R.g"].T + x_t @ p["W.g"].T + p["b.g"])
        f = sigmoid(s)
        i = 1.0 - sigmoid(s - beta)
        h = f * h + i * c_tilde
        steps.append(({"h": h}, {"s": s, "f": f, "i": i, "g": c_tilde}))
    return stack(steps)


CELLS: dict[str, Entry] = {
    "mgu": (mgu, "h", "WRb.f WRb.n"),
    "mgu1": (mgu1, "h", "Rb.f WRb.n"),
    "mgu2": (mgu2, "h", "R.f WRb.n"),
    "mgu3": (mgu3, "h", "b.f WRb.n"),
    "ugrnn": (ugrnn, "h", "WRb.g WRb.c"),
    "ligru": (ligru, "h", "WRb.z WRb.n"),
    "janet": (janet, "h", "WRb.s WRb.g"),
}
