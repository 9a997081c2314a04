"""Witnesses: the eight variants of Greff et al. 2017, "LSTM: A Search Space Odyssey" (arXiv 1503.04069), section III.

The paper's vanilla LSTM V (section II), with its letters, x in and y out:

    z = tanh(W_z x + R_z y + b_z)                    block input: our g
    i = σ(W_i x + R_i y + p_i ⊙ c + b_i)             input gate, sees the old c
    f = σ(W_f x + R_f y + p_f ⊙ c + b_f)             forget gate, sees the old c
    c' = z ⊙ i + c ⊙ f
    o = σ(W_o x + R_o y + p_o ⊙ c' + b_o)            output gate, sees the new c'
    y' = tanh(c') ⊙ o                                block output: our h

A gate that is fixed at 1 has no parameters and is not reported; a gate that is tied to others is reported.
"""

from __future__ import annotations

import numpy as np

from .notation import Array, Arrays, Entry, Step, Trace, sigmoid, stack


def lstm_nig(x: Array, state: Arrays, p: Arrays) -> Trace:
    """NIG, no input gate: i = 1, so c' = z + c ⊙ f."""
    y, c = state["h"], state["c"]
    steps: list[Step] = []
    for x_t in x:
        z = np.tanh(x_t @ p["W.g"].T + y @ p["R.g"].T + p["b.g"])
        f = sigmoid(x_t @ p["W.f"].T + y @ p["R.f"].T + p["p.f"] * c + p["b.f"])
        c = z + c * f
        o = sigmoid(x_t @ p["W.o"].T + y @ p["R.o"].T + p["p.o"] * c + p["b.o"])
        y = np.tanh(c) * o
        steps.append(({"h": y, "c": c}, {"f": f, "g": z, "o": o}))
    return stack(steps)


def lstm_nfg(x: Array, state: Arrays, p: Arrays) -> Trace:
    """NFG, no forget gate: f = 1, so c' = z ⊙ i + c (the LSTM of Hochreiter & Schmidhuber 1997, with peepholes)."""
    y, c = state["h"], state["c"]
    steps: list[Step] = []
    for x_t in x:
        z = np.tanh(x_t @ p["W.g"].T + y @ p["R.g"].T + p["b.g"])
        i = sigmoid(x_t @ p["W.i"].T + y @ p["R.i"].T + p["p.i"] * c + p["b.i"])
        c = z * i + c
        o = sigmoid(x_t @ p["W.o"].T + y @ p["R.o"].T + p["p.o"] * c + p["b.o"])
        y = np.tanh(c) * o
        steps.append(({"h": y, "c": c}, {"i": i, "g": z, "o": o}))
    return stack(steps)


def lstm_nog(x: Array, state: Arrays, p: Arrays) -> Trace:
    """NOG, no output gate: o = 1, so y' = tanh(c')."""
    y, c = state["h"], state["c"]
    steps: list[Step] = []
    for x_t in x:
        z = np.tanh(x_t @ p["W.g"].T + y @ p["R.g"].T + p["b.g"])
        i = sigmoid(x_t @ p["W.i"].T + y @ p["R.i"].T + p["p.i"] * c + p["b.i"])
        f = sigmoid(x_t @ p["W.f"].T + y @ p["R.f"].T + p["p.f"] * c + p["b.f"])
        c = z * i + c * f
        y = np.tanh(c)
        steps.append(({"h": y, "c": c}, {"i": i, "f": f, "g": z}))
    return stack(steps)


def lstm_niaf(x: Array, state: Arrays, p: Arrays) -> Trace:
    """NIAF, no input activation function: z = W_z x + R_z y + b_z."""
    y, c = state["h"], state["c"]
    steps: list[Step] = []
    for x_t in x:
        z = x_t @ p["W.g"].T + y @ p["R.g"].T + p["b.g"]
        i = sigmoid(x_t @ p["W.i"].T + y @ p["R.i"].T + p["p.i"] * c + p["b.i"])
        f = sigmoid(x_t @ p["W.f"].T + y @ p["R.f"].T + p["p.f"] * c + p["b.f"])
        c = z * i + c * f
        o = sigmoid(x_t @ p["W.o"].T + y @ p["R.o"].T + p["p.o"] * c + p["b.o"])
        y = np.tanh(c) * o
        steps.append(({"h": y, "c": c}, {"i": i, "f": f, "g": z, "o": o}))
    return stack(steps)


def lstm_noaf(x: Array, state: Arrays, p: Arrays) -> Trace:
    """NOAF, no output activation function: y' = c' ⊙ o."""
    y, c = state["h"], state["c"]
    steps: list[Step] = []
    for x_t in x:
        z = np.tanh(x_t @ p["W.g"].T + y @ p["R.g"].T + p["b.g"])
        i = sigmoid(x_t @ p["W.i"].T + y @ p["R.i"].T + p["p.i"] * c + p["b.i"])
        f = sigmoid(x_t @ p["W.f"].T + y @ p["R.f"].T + p["p.f"] * c + p["b.f"])
        c = z * i + c * f
        o = sigmoid(x_t @ p["W.o"].T + y @ p["R.o"].T + p["p.o"] * c + p["b.o"])
        y = c * o
        steps.append(({"h": y, "c": c}, {"i": i, "f": f, "g": z, "o": o}))
    return stack(steps)


def lstm_cifg(x: Array, state: Arrays, p: Arrays) -> Trace:
    """CIFG, coupled input and forget gate: f = 1 - i. The input gate keeps its own peephole."""
    y, c = state["h"], state["c"]
    steps: list[Step] = []
    for x_t in x:
        z = np.tanh(x_t @ p["W.g"].T + y @ p["R.g"].T + p["b.g"])
        i = sigmoid(x_t @ p["W.i"].T + y @ p["R.i"].T + p["p.i"] * c + p["b.i"])
        f = 1.0 - i
        c = z * i + c * f
        o = sigmoid(x_t @ p["W.o"].T + y @ p["R.o"].T + p["p.o"] * c + p["b.o"])
        y = np.tanh(c) * o
        steps.append(({"h": y, "c": c}, {"i": i, "f": f, "g": z, "o": o}))
    return stack(steps)


def lstm_np(x: Array, state: Arrays, p: Arrays) -> Trace:
    """NP, no peepholes: p_i, p_f and p_o are gone."""
    y, c = state["h"], state["c"]
    steps: list[Step] = []
    for x_t in x:
        z = np.tanh(x_t @ p["W.g"].T + y @ p["R.g"].T + p["b.g"])
        i = sigmoid(x_t @ p["W.i"].T + y @ p["R.i"].T + p["b.i"])
        f = sigmoid(x_t @ p["W.f"].T + y @ p["R.f"].T + p["b.f"])
        c = z * i + c * f
        o = sigmoid(x_t @ p["W.o"].T + y @ p["R.o"].T + p["b.o"])
        y = np.tanh(c) * o
        steps.append(({"h": y, "c": c}, {"i": i, "f": f, "g": z, "o": o}))
    return stack(steps)


def lstm_fgr(x: Array, state: Arrays, p: Arrays) -> Trace:
    """FGR, full gate recurrence: each gate also reads the three gates of the step before, R_ab from gate a into gate b.

        ī = W_i x + R_i y + p_i ⊙ c + b_i + R_ii i + R_fi f + R_oi o
        f̄ = W_f x + R_f y + p_f ⊙ c + b_f + R_if i + R_ff f + R_of o
        ō = W_o x + R_o y + p_o ⊙ c' + b_o + R_io i + R_fo f + R_oo o

    on the right, i, f, o are the last step's *activations* (states of their own, 0 at the start unless given).
    """
    y, c = state["h"], state["c"]
    i, f, o = (state.get(gate, np.zeros_like(y)) for gate in "ifo")
    steps: list[Step] = []
    for x_t in x:
        z = np.tanh(x_t @ p["W.g"].T + y @ p["R.g"].T + p["b.g"])
        i_bar = x_t @ p["W.i"].T + y @ p["R.i"].T + p["p.i"] * c + p["b.i"]
        i_bar = i_bar + i @ p["R.i.i"].T + f @ p["R.f.i"].T + o @ p["R.o.i"].T
        f_bar = x_t @ p["W.f"].T + y @ p["R.f"].T + p["p.f"] * c + p["b.f"]
        f_bar = f_bar + i @ p["R.i.f"].T + f @ p["R.f.f"].T + o @ p["R.o.f"].T
        c = z * sigmoid(i_bar) + c * sigmoid(f_bar)
        o_bar = x_t @ p["W.o"].T + y @ p["R.o"].T + p["p.o"] * c + p["b.o"]
        o_bar = o_bar + i @ p["R.i.o"].T + f @ p["R.f.o"].T + o @ p["R.o.o"].T
        i, f, o = sigmoid(i_bar), sigmoid(f_bar), sigmoid(o_bar)
        y = np.tanh(c) * o
        steps.append(({"h": y, "c": c, "i": i, "f": f, "o": o}, {"i": i, "f": f, "g": z, "o": o}))
    return stack(steps)


CELLS: dict[str, Entry] = {
    "lstm_nig": (lstm_nig, "h c", "WRbp.f WRb.g WRbp.o"),
    "lstm_nfg": (lstm_nfg, "h c", "WRbp.i WRb.g WRbp.o"),
    "lstm_nog": (lstm_nog, "h c", "WRbp.i WRbp.f WRb.g"),
    "lstm_niaf": (lstm_niaf, "h c", "WRbp.i WRbp.f WRb.g WRbp.o"),
    "lstm_noaf": (lstm_noaf, "h c", "WRbp.i WRbp.f WRb.g WRbp.o"),
    "lstm_cifg": (lstm_cifg, "h c", "WRbp.i WRb.g WRbp.o"),
    "lstm_np": (lstm_np, "h c", "WRb.i WRb.f WRb.g WRb.o"),
    "lstm_fgr": (
        lstm_fgr,
        "h c i f o",
        "WRbp.i WRbp.f WRb.g WRbp.o R.i.i R.f.i R.o.i R.i.f R.f.f R.o.f R.i.o R.f.o R.o.o",
    ),
}
