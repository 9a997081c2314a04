"""Witnesses of the minGRU and the minLSTM."""

from __future__ import annotations

import numpy as np

from .notation import Array, Arrays, Entry, Step, Trace, sigmoid, stack


def mingru(x: Array, state: Arrays, p: Arrays) -> Trace:
    """Feng et al. 2024 (arXiv 2410.01201), section 3.1, minGRU with the linear candidate. No gate sees h.

        z = σ(Linear_z(x))      h̃ = Linear_h(x)      h' = (1 - z) ⊙ h + z ⊙ h̃

    z *writes*. Here: h̃ = n.
    """
    h = state["h"]
    steps: list[Step] = []
    for x_t in x:
        z = sigmoid(x_t @ p["W.z"].T + p["b.z"])
        n = x_t @ p["W.n"].T + p["b.n"]
        h = (1.0 - z) * h + z * n
        steps.append(({"h": h}, {"z": z, "n": n}))
    return stack(steps)


def mingru_log(x: Array, state: Arrays, p: Arrays) -> Trace:
    """Feng et al. 2024, appendix B: minGRU as it is trained in log space, with a candidate that is positive.

        h̃ = g(Linear_h(x)),  g(v) = v + 0.5 if v >= 0 else σ(v);  the rest is `mingru`

    Reported: n = v = Linear_h(x), and g = h̃ = g(v).
    This is the paper's sequential form: h_0 is used as given (its parallel form takes g(h_0) instead).
    """
    h = state["h"]
    steps: list[Step] = []
    for x_t in x:
        z = sigmoid(x_t @ p["W.z"].T + p["b.z"])
        v = x_t @ p["W.n"].T + p["b.n"]
        g = np.where(v >= 0.0, v + 0.5, sigmoid(v))
        h = (1.0 - z) * h + z * g
        steps.append(({"h": h}, {"z": z, "n": v, "g": g}))
    return stack(steps)


def minlstm(x: Array, state: Arrays, p: Arrays) -> Trace:
    """Feng et al. 2024, section 3.2, minLSTM with the linear candidate. No gate sees h, and no output gate.

        f = σ(Linear_f(x))      i = σ(Linear_i(x))      h̃ = Linear_h(x)
        f' = f / (f + i)        i' = i / (f + i)
        h' = f' ⊙ h + i' ⊙ h̃

    Reported: "f" and "i" before their σ, f' and i' as "f_prime" and "i_prime", and h̃ = g.
    """
    h = state["h"]
    steps: list[Step] = []
    for x_t in x:
        f_tilde = x_t @ p["W.f"].T + p["b.f"]
        i_tilde = x_t @ p["W.i"].T + p["b.i"]
        f, i = sigmoid(f_tilde), sigmoid(i_tilde)
        h_tilde = x_t @ p["W.g"].T + p["b.g"]
        f_prime = f / (f + i)
        i_prime = i / (f + i)
        h = f_prime * h + i_prime * h_tilde
        gates = {"f": f_tilde, "i": i_tilde, "f_prime": f_prime, "i_prime": i_prime, "g": h_tilde}
        steps.append(({"h": h}, gates))
    return stack(steps)


CELLS: dict[str, Entry] = {
    "mingru": (mingru, "h", "Wb.z Wb.n"),
    "mingru_log": (mingru_log, "h", "Wb.z Wb.n"),
    "minlstm": (minlstm, "h", "Wb.f Wb.i Wb.g"),
}
