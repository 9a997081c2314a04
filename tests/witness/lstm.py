"""Witnesses: the LSTM with and without peepholes. Gates i, f, g (candidate), o; states h, c."""

from __future__ import annotations

import numpy as np

from .notation import Array, Arrays, Entry, Step, Trace, sigmoid, stack


def lstm(x: Array, state: Arrays, p: Arrays) -> Trace:
    """Gers, Schmidhuber & Cummins 2000, with tanh as both squashing functions; the same as torch.nn.LSTM.

        i = σ(W_i x + R_i h + b_i)        f = σ(W_f x + R_f h + b_f)
        g = tanh(W_g x + R_g h + b_g)     o = σ(W_o x + R_o h + b_o)
        c' = f ⊙ c + i ⊙ g                h' = o ⊙ tanh(c')

    lstm_b (Jozefowicz et al. 2015: b_f = 1 at the start) and lstm_chrono (Tallec & Ollivier 2018: b_f = ln U(1, T - 1),
    b_i = -b_f at the start) have these equations too; they differ in the initial biases alone.
    """
    h, c = state["h"], state["c"]
    steps: list[Step] = []
    for x_t in x:
        i = sigmoid(x_t @ p["W.i"].T + h @ p["R.i"].T + p["b.i"])
        f = sigmoid(x_t @ p["W.f"].T + h @ p["R.f"].T + p["b.f"])
        g = np.tanh(x_t @ p["W.g"].T + h @ p["R.g"].T + p["b.g"])
        o = sigmoid(x_t @ p["W.o"].T + h @ p["R.o"].T + p["b.o"])
        c = f * c + i * g
        h = o * np.tanh(c)
        steps.append(({"h": h, "c": c}, {"i": i, "f": f, "g": g, "o": o}))
    return stack(steps)


def lstm_peephole(x: Array, state: Arrays, p: Arrays) -> Trace:
    """Gers & Schmidhuber 2000 ("Recurrent nets that time and count"); V of Greff et al. 2017, section II.

    i and f see the old cell state through p_i and p_f, o sees the *new* one through p_o:

        i = σ(W_i x + R_i h + p_i ⊙ c + b_i)      f = σ(W_f x + R_f h + p_f ⊙ c + b_f)
        g = tanh(W_g x + R_g h + b_g)             c' = g ⊙ i + c ⊙ f
        o = σ(W_o x + R_o h + p_o ⊙ c' + b_o)     h' = o ⊙ tanh(c')
    """
    h, c = state["h"], state["c"]
    steps: list[Step] = []
    for x_t in x:
        g = np.tanh(x_t @ p["W.g"].T + h @ p["R.g"].T + p["b.g"])
        i = sigmoid(x_t @ p["W.i"].T + h @ p["R.i"].T + p["p.i"] * c + p["b.i"])
        f = sigmoid(x_t @ p["W.f"].T + h @ p["R.f"].T + p["p.f"] * c + p["b.f"])
        c = g * i + c * f
        o = sigmoid(x_t @ p["W.o"].T + h @ p["R.o"].T + p["p.o"] * c + p["b.o"])
        h = o * np.tanh(c)
        steps.append(({"h": h, "c": c}, {"i": i, "f": f, "g": g, "o": o}))
    return stack(steps)


CELLS: dict[str, Entry] = {
    "lstm": (lstm, "h c", "WRb.i WRb.f WRb.g WRb.o"),
    "lstm_b": (lstm, "h c", "WRb.i WRb.f WRb.g WRb.o"),
    "lstm_chrono": (lstm, "h c", "WRb.i WRb.f WRb.g WRb.o"),
    "lstm_peephole": (lstm_peephole, "h c", "WRbp.i WRbp.f WRb.g WRbp.o"),
}
