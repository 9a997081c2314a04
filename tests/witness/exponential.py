"""Witness of the sLSTM."""

from __future__ import annotations

import numpy as np

from .notation import Array, Arrays, Entry, Step, Trace, sigmoid, stack


def slstm(x: Array, state: Arrays, p: Arrays) -> Trace:
    """Beck et al. 2024 (arXiv 2405.04517), section 2.2, sLSTM: one head (dense R), forget gate σ, input gate exp.

        z = tanh(z̃)     o = σ(õ)     ĩ, f̃, z̃, õ = W x + R h + b
        m' = max(log σ(f̃) + m, ĩ)                        the stabiliser, which must not change h
        i' = exp(ĩ - m')      f' = exp(log σ(f̃) + m - m')
        c' = f' ⊙ c + i' ⊙ z  n' = f' ⊙ n + i'           h' = o ⊙ c' / n'

    Here: z = g. Reported as "i" and "f": ĩ and f̃; the stabilised i' and f' are "i_prime" and "f_prime". The true cell
    state is c exp(m), and the true normaliser n exp(m). States start as given, m_0 = 0 included; the authors' code
    takes m' = ĩ in a first step from zero states, which gives the same h and another m, i', f' in that step.
    """
    h, c, n, m = state["h"], state["c"], state["n"], state["m"]
    steps: list[Step] = []
    for x_t in x:
        z = np.tanh(x_t @ p["W.g"].T + h @ p["R.g"].T + p["b.g"])
        i_tilde = x_t @ p["W.i"].T + h @ p["R.i"].T + p["b.i"]
        f_tilde = x_t @ p["W.f"].T + h @ p["R.f"].T + p["b.f"]
        o = sigmoid(x_t @ p["W.o"].T + h @ p["R.o"].T + p["b.o"])
        log_f = -np.logaddexp(0.0, -f_tilde)
        m_new = np.maximum(log_f + m, i_tilde)
        i_prime = np.exp(i_tilde - m_new)
        f_prime = np.exp(log_f + m - m_new)
        c = f_prime * c + i_prime * z
        n = f_prime * n + i_prime
        h = o * (c / n)
        m = m_new
        gates = {"i": i_tilde, "f": f_tilde, "i_prime": i_prime, "f_prime": f_prime, "g": z, "o": o}
        steps.append(({"h": h, "c": c, "n": n, "m": m}, gates))
    return stack(steps)


CELLS: dict[str, Entry] = {"slstm": (slstm, "h c n m", "WRb.i WRb.f WRb.g WRb.o")}
