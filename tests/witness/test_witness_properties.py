"""minGRU, minLSTM, sLSTM and the LSTM's own variants, by what must be true of them."""

from __future__ import annotations

import numpy as np
import pytest

from . import WITNESSES, Array, Arrays, Trace, draw

EXACT = 1e-12
SATURATED = 800.0
"""A bias at which σ is 1 in float64, to the last bit."""


def logistic(a: Array) -> Array:
    """σ once more, by another formula than the witnesses'."""
    return 0.5 * (1.0 + np.tanh(0.5 * a))


def close(ours: Array, theirs: Array, tolerance: float = EXACT) -> None:
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=tolerance)


def test_minlstm_with_equal_gates_takes_the_mean() -> None:
    x, state, p = draw("minlstm", seed=1)
    h = WITNESSES["minlstm"](x, state, p | {"W.f": p["W.i"], "b.f": p["b.i"]})["states"]["h"]
    candidates = x @ p["W.g"].T + p["b.g"]
    before = np.concatenate([state["h"][None], h[:-1]])
    close(h, (before + candidates) / 2)


def test_minlstm_unrolled() -> None:
    """h_T = Σ_t (Π_{s > t} f'_s) i'_t g_t + (Π_s f'_s) h_0, with f' = σ(log f - log i)."""
    x, state, p = draw("minlstm", seed=2)
    trace = WITNESSES["minlstm"](x, state, p)
    f, i, g = (trace["gates"][each] for each in "fig")
    close(f, x @ p["W.f"].T + p["b.f"])
    close(i, x @ p["W.i"].T + p["b.i"])
    close(g, x @ p["W.g"].T + p["b.g"])
    share = logistic(np.log(logistic(f)) - np.log(logistic(i)))
    close(trace["gates"]["f_prime"], share)
    close(trace["gates"]["i_prime"], 1.0 - share)
    total = share.prod(axis=0) * state["h"]
    for t in range(len(x)):
        total += share[t + 1 :].prod(axis=0) * (1.0 - share[t]) * g[t]
    close(trace["states"]["h"][-1], total)


def test_mingru_unrolled_with_either_candidate() -> None:
    """h_T = Σ_t (Π_{s > t} (1 - z_s)) z_t h̃_t + (Π_s (1 - z_s)) h_0."""
    x, state, p = draw("mingru", seed=3)
    v = x @ p["W.n"].T + p["b.n"]
    assert (v < 0).any()
    assert (v >= 0).any()
    z = logistic(x @ p["W.z"].T + p["b.z"])
    for name, candidate in (("mingru", v), ("mingru_log", np.maximum(v, 0.0) + np.minimum(logistic(v), 0.5))):
        total = (1.0 - z).prod(axis=0) * state["h"]
        for t in range(len(x)):
            total += (1.0 - z[t + 1 :]).prod(axis=0) * z[t] * candidate[t]
        trace = WITNESSES[name](x, state, p)
        close(trace["gates"]["n"], v)
        if name == "mingru_log":
            close(trace["gates"]["g"], candidate)
        close(trace["states"]["h"][-1], total)


def test_mingru_in_log_space_keeps_a_positive_state() -> None:
    x, state, p = draw("mingru_log", seed=4)
    assert (WITNESSES["mingru_log"](x, {"h": np.abs(state["h"])}, p)["states"]["h"] > 0).all()


def unstabilised_slstm(x: Array, state: Arrays, p: Arrays) -> Array:
    """sLSTM as it is defined, i = exp(ĩ) and f = σ(f̃), from the true cell state c exp(m) and normaliser n exp(m)."""
    h, c, n = state["h"], state["c"] * np.exp(state["m"]), state["n"] * np.exp(state["m"])
    found = []
    for x_t in x:
        bar = {each: x_t @ p[f"W.{each}"].T + h @ p[f"R.{each}"].T + p[f"b.{each}"] for each in "ifgo"}
        c = logistic(bar["f"]) * c + np.exp(bar["i"]) * np.tanh(bar["g"])
        n = logistic(bar["f"]) * n + np.exp(bar["i"])
        h = logistic(bar["o"]) * c / n
        found.append(h)
    return np.stack(found)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_slstm_is_its_unstabilised_form(seed: int) -> None:
    x, state, p = draw("slstm", seed, T=25)
    close(WITNESSES["slstm"](x, state, p)["states"]["h"], unstabilised_slstm(x, state, p))


def test_slstm_from_zero_states_is_its_unstabilised_form() -> None:
    x, state, p = draw("slstm", seed=5)
    zero = {each: np.zeros_like(values) for each, values in state.items()}
    close(WITNESSES["slstm"](x, zero, p)["states"]["h"], unstabilised_slstm(x, zero, p))


def test_slstm_does_not_see_the_stabiliser() -> None:
    """(c, n, m) and (c e^-k, n e^-k, m + k) are the same state."""
    x, state, p = draw("slstm", seed=6)
    shift = 3.0
    moved = {"h": state["h"], "m": state["m"] + shift, **{each: state[each] * np.exp(-shift) for each in "cn"}}
    close(WITNESSES["slstm"](x, moved, p)["states"]["h"], WITNESSES["slstm"](x, state, p)["states"]["h"])


def test_slstm_stays_finite_where_exp_would_overflow() -> None:
    x, state, p = draw("slstm", seed=7)
    p["b.i"] = np.full(4, 2000.0)
    trace = WITNESSES["slstm"](x, state, p)
    assert all(np.isfinite(values).all() for values in trace["states"].values())
    stabilised = trace["gates"]
    assert (np.maximum(stabilised["i_prime"], stabilised["f_prime"]) == 1.0).all()


def lstm_pieces(trace: Trace, state: Arrays) -> tuple[Arrays, Array, Array]:
    """Gates, new cell states, and the cell states before each step."""
    c = trace["states"]["c"]
    return trace["gates"], c, np.concatenate([state["c"][None], c[:-1]])


def test_output_times_forget_multiplies_the_forget_gate_into_the_output() -> None:
    x, state, p = draw("lstm_output_times_forget", seed=8)
    trace = WITNESSES["lstm_output_times_forget"](x, state, p)
    gates, c, before = lstm_pieces(trace, state)
    close(c, gates["f"] * before + gates["i"] * gates["g"])
    close(trace["states"]["h"], gates["o"] * gates["f"] * np.tanh(c))
    assert np.abs(trace["states"]["h"] - WITNESSES["lstm"](x, state, p)["states"]["h"]).max() > 0.1
    p["b.f"] = np.full(4, SATURATED)
    for each, values in WITNESSES["lstm_output_times_forget"](x, state, p)["states"].items():
        close(values, WITNESSES["lstm"](x, state, p)["states"][each])


def test_constant_attention_scales_the_input_matrices() -> None:
    x, state, p = draw("lstm_attention_input", seed=9)
    constant = p | {"W.a": np.zeros((5, 5)), "R.a": np.zeros((5, 4))}
    weights = logistic(p["b.a"])
    scaled = p | {f"W.{each}": p[f"W.{each}"] * weights for each in "ifgo"}
    ours = WITNESSES["lstm_attention_input"](x, state, constant)
    for each, values in WITNESSES["lstm"](x, state, scaled)["states"].items():
        close(ours["states"][each], values)
    close(ours["gates"]["a"], np.broadcast_to(weights, x.shape))


def test_attention_is_an_lstm_on_the_input_it_weighs() -> None:
    """Given its own attention and states, the rest is an LSTM; the attention reads x and the state *before*."""
    x, state, p = draw("lstm_attention_input", seed=10)
    trace = WITNESSES["lstm_attention_input"](x, state, p)
    a, h = trace["gates"]["a"], trace["states"]["h"]
    for each, values in WITNESSES["lstm"](a * x, state, p)["states"].items():
        close(trace["states"][each], values)
    before = np.concatenate([state["h"][None], h[:-1]])
    bar = np.einsum("tbi,ai->tba", x, p["W.a"]) + np.einsum("tbh,ah->tba", before, p["R.a"]) + p["b.a"]
    close(a, logistic(bar))
