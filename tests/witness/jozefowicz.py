"""Witnesses: Jozefowicz, Zaremba & Sutskever 2015, "An empirical exploration of recurrent network architectures".

LSTM (section 2.2), no peepholes, with the paper's letters, of which two differ from ours:

    i = tanh(W_xi x + W_hi h + b_i)     the candidate: our g
    j = σ(W_xj x + W_hj h + b_j)        the input gate: our i
    f = σ(W_xf x + W_hf h + b_f)
    o = σ(W_xo x + W_ho h + b_o)        printed with tanh in the paper, taken as a slip for σ
    c' = c ⊙ f + i ⊙ j                  h' = tanh(c') ⊙ o

LSTM-i, LSTM-f, LSTM-o leave one gate out (1 in its place; not reported).

MUT1, MUT2, MUT3 (section 4): z *writes* the candidate, h' = h̃ ⊙ z + h ⊙ (1 - z), the opposite of the GRU in the same
paper, and r is multiplied into h *before* the product. The candidate h̃ is our n. MUT1 and MUT2 use the raw input, so
I = H.
"""

from __future__ import annotations

import numpy as np

from .notation import Array, Arrays, Entry, Step, Trace, sigmoid, stack


def lstm_no_input(x: Array, state: Arrays, p: Arrays) -> Trace:
    """LSTM-i: c' = c ⊙ f + i, with the paper's i = tanh(…), our g."""
    h, c = state["h"], state["c"]
    steps: list[Step] = []
    for x_t in x:
        i = np.tanh(x_t @ p["W.g"].T + h @ p["R.g"].T + p["b.g"])
        f = sigmoid(x_t @ p["W.f"].T + h @ p["R.f"].T + p["b.f"])
        o = sigmoid(x_t @ p["W.o"].T + h @ p["R.o"].T + p["b.o"])
        c = c * f + i
        h = np.tanh(c) * o
        steps.append(({"h": h, "c": c}, {"f": f, "g": i, "o": o}))
    return stack(steps)


def lstm_no_forget(x: Array, state: Arrays, p: Arrays) -> Trace:
    """LSTM-f: c' = c + i ⊙ j, with the paper's i = tanh(…), our g, and j = σ(…), our i."""
    h, c = state["h"], state["c"]
    steps: list[Step] = []
    for x_t in x:
        i = np.tanh(x_t @ p["W.g"].T + h @ p["R.g"].T + p["b.g"])
        j = sigmoid(x_t @ p["W.i"].T + h @ p["R.i"].T + p["b.i"])
        o = sigmoid(x_t @ p["W.o"].T + h @ p["R.o"].T + p["b.o"])
        c = c + i * j
        h = np.tanh(c) * o
        steps.append(({"h": h, "c": c}, {"i": j, "g": i, "o": o}))
    return stack(steps)


def lstm_no_output(x: Array, state: Arrays, p: Arrays) -> Trace:
    """LSTM-o: h' = tanh(c')."""
    h, c = state["h"], state["c"]
    steps: list[Step] = []
    for x_t in x:
        i = np.tanh(x_t @ p["W.g"].T + h @ p["R.g"].T + p["b.g"])
        j = sigmoid(x_t @ p["W.i"].T + h @ p["R.i"].T + p["b.i"])
        f = sigmoid(x_t @ p["W.f"].T + h @ p["R.f"].T + p["b.f"])
        c = c * f + i * j
        h = np.tanh(c)
        steps.append(({"h": h, "c": c}, {"i": j, "f": f, "g": i}))
    return stack(steps)


def mut1(x: Array, state: Arrays, p: Arrays) -> Trace:
    """MUT1: the update gate does not see h, and tanh(x) enters the candidate without weights (I = H).

    z = σ(W_xz x + b_z)                  r = σ(W_xr x + W_hr h + b_r)
    h' = tanh(W_hh (r ⊙ h) + tanh(x) + b_h) ⊙ z + h ⊙ (1 - z)
    """
    h = state["h"]
    steps: list[Step] = []
    for x_t in x:
        z = sigmoid(x_t @ p["W.z"].T + p["b.z"])
        r = sigmoid(x_t @ p["W.r"].T + h @ p["R.r"].T + p["b.r"])
        n = np.tanh((r * h) @ p["R.n"].T + np.tanh(x_t) + p["b.n"])
        h = n * z + h * (1.0 - z)
        steps.append(({"h": h}, {"r": r, "z": z, "n": n}))
    return stack(steps)


def mut2(x: Array, state: Arrays, p: Arrays) -> Trace:
    """MUT2: x enters the reset gate without weights (I = H).

    z = σ(W_xz x + W_hz h + b_z)         r = σ(x + W_hr h + b_r)
    h' = tanh(W_hh (r ⊙ h) + W_xh x + b_h) ⊙ z + h ⊙ (1 - z)
    """
    h = state["h"]
    steps: list[Step] = []
    for x_t in x:
        z = sigmoid(x_t @ p["W.z"].T + h @ p["R.z"].T + p["b.z"])
        r = sigmoid(x_t + h @ p["R.r"].T + p["b.r"])
        n = np.tanh((r * h) @ p["R.n"].T + x_t @ p["W.n"].T + p["b.n"])
        h = n * z + h * (1.0 - z)
        steps.append(({"h": h}, {"r": r, "z": z, "n": n}))
    return stack(steps)


def mut3(x: Array, state: Arrays, p: Arrays) -> Trace:
    """MUT3: the update gate sees tanh(h).

    z = σ(W_xz x + W_hz tanh(h) + b_z)   r = σ(W_xr x + W_hr h + b_r)
    h' = tanh(W_hh (r ⊙ h) + W_xh x + b_h) ⊙ z + h ⊙ (1 - z)
    """
    h = state["h"]
    steps: list[Step] = []
    for x_t in x:
        z = sigmoid(x_t @ p["W.z"].T + np.tanh(h) @ p["R.z"].T + p["b.z"])
        r = sigmoid(x_t @ p["W.r"].T + h @ p["R.r"].T + p["b.r"])
        n = np.tanh((r * h) @ p["R.n"].T + x_t @ p["W.n"].T + p["b.n"])
        h = n * z + h * (1.0 - z)
        steps.append(({"h": h}, {"r": r, "z": z, "n": n}))
    return stack(steps)


CELLS: dict[str, Entry] = {
    "lstm_no_input": (lstm_no_input, "h c", "WRb.f WRb.g WRb.o"),
    "lstm_no_forget": (lstm_no_forget, "h c", "WRb.i WRb.g WRb.o"),
    "lstm_no_output": (lstm_no_output, "h c", "WRb.i WRb.f WRb.g"),
    "mut1": (mut1, "h", "Wb.z WRb.r Rb.n"),
    "mut2": (mut2, "h", "WRb.z Rb.r WRb.n"),
    "mut3": (mut3, "h", "WRb.z WRb.r WRb.n"),
}
