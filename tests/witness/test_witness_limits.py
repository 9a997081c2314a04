"""The witnesses against one another, where one is a limit or a rewriting of another."""

from __future__ import annotations

import numpy as np
import pytest

from . import WITNESSES, Array, Arrays, draw

EXACT = 1e-12
SATURATED = 800.0
"""A bias at which σ is 1 in float64, to the last bit, and 1 - σ is 0."""


def run(name: str, x: Array, state: Arrays, p: Arrays) -> Arrays:
    return WITNESSES[name](x, state, p)["states"]


def same(ours: Arrays, theirs: Arrays) -> None:
    assert ours
    for each, values in ours.items():
        np.testing.assert_allclose(values, theirs[each], rtol=0, atol=EXACT, err_msg=each)


@pytest.mark.parametrize(
    ("name", "base", "gate", "bias"),
    [
        ("lstm_nig", "lstm_peephole", "i", SATURATED),
        ("lstm_nfg", "lstm_peephole", "f", SATURATED),
        ("lstm_nog", "lstm_peephole", "o", SATURATED),
        ("lstm_no_input", "lstm", "i", SATURATED),
        ("lstm_no_forget", "lstm", "f", SATURATED),
        ("lstm_no_output", "lstm", "o", SATURATED),
        ("gru_no_reset", "gru", "r", SATURATED),
        ("gru_no_update", "gru", "z", -SATURATED),
    ],
)
def test_a_missing_gate_is_a_gate_held_by_its_bias(name: str, base: str, gate: str, bias: float) -> None:
    x, state, p = draw(base, seed=1)
    p[f"b.{gate}"] = np.full(4, bias)
    kept = {each: values for each, values in p.items() if each.split(".")[1] != gate}
    if name == "gru_no_reset":
        kept["b.n"] = p["b.n"] + p["d.n"]
    same(run(name, x, state, kept), run(base, x, state, p))


def test_coupled_gates_are_two_gates_of_opposite_sign() -> None:
    x, state, p = draw("lstm_cifg", seed=2)
    both = p | {f"{kind}.f": -p[f"{kind}.i"] for kind in "WRbp"}
    same(run("lstm_cifg", x, state, p), run("lstm_peephole", x, state, both))
    gates = WITNESSES["lstm_cifg"](x, state, p)["gates"]
    np.testing.assert_array_equal(gates["f"], 1.0 - gates["i"])


@pytest.mark.parametrize("source", ["i", "f", "o"])
@pytest.mark.parametrize("target", ["i", "f", "o"])
def test_full_gate_recurrence_from_a_constant_gate_is_a_bias(source: str, target: str) -> None:
    """Hold the source at 0.7, connect it to the target alone: R 0.7 is then part of the target's bias."""
    x, state, p = draw("lstm_fgr", seed=3, scale=0.4)
    for kind in "WRbp":
        p[f"{kind}.{source}"] = np.zeros_like(p[f"{kind}.{source}"])
    p[f"b.{source}"] = np.full(4, np.log(0.7 / 0.3))
    state[source] = np.full((3, 4), 0.7)
    peephole = {each: values for each, values in p.items() if each.count(".") == 1}
    across = np.random.default_rng(4).standard_normal((4, 4))
    silent = {each: np.zeros((4, 4)) for each in p if each.count(".") == 2}
    fgr = peephole | silent | {f"R.{source}.{target}": across}
    fgr[f"b.{target}"] = peephole[f"b.{target}"] - 0.7 * across.sum(axis=1)
    theirs = run("lstm_peephole", x, state, peephole)
    same({each: run("lstm_fgr", x, state, fgr)[each] for each in "hc"}, theirs)


def test_full_gate_recurrence_starts_from_zero_and_reads_the_activations_of_the_step_before() -> None:
    x, state, p = draw("lstm_fgr", seed=5)
    blank = {each: state[each] for each in "hc"}
    trace = WITNESSES["lstm_fgr"](x, blank, p)
    same(trace["states"], run("lstm_fgr", x, blank | {each: np.zeros((3, 4)) for each in "ifo"}, p))
    for each in "ifo":
        np.testing.assert_array_equal(trace["states"][each], trace["gates"][each])


def test_full_gate_recurrence_is_a_wider_recurrent_matrix() -> None:
    """One gate, one step: ō reads [y, i, f, o] of the step before through [R_o, R_io, R_fo, R_oo]."""
    x, state, p = draw("lstm_fgr", seed=6, T=1)
    trace = WITNESSES["lstm_fgr"](x, state, p)
    before = np.concatenate([state[each] for each in ("h", "i", "f", "o")], axis=1)
    for gate, c in (("i", state["c"]), ("f", state["c"]), ("o", trace["states"]["c"][0])):
        wide = np.concatenate([p[f"R.{gate}"], *(p[f"R.{each}.{gate}"] for each in "ifo")], axis=1)
        bar = np.einsum("bi,hi->bh", x[0], p[f"W.{gate}"]) + np.einsum("bk,hk->bh", before, wide)
        bar += p[f"b.{gate}"] + p[f"p.{gate}"] * c
        np.testing.assert_allclose(trace["gates"][gate][0], 1 / (1 + np.exp(-bar)), rtol=0, atol=EXACT)


def test_indrnn_is_an_irnn_with_a_diagonal_matrix() -> None:
    x, state, p = draw("indrnn", seed=7)
    same(run("indrnn", x, state, p), run("irnn", x, state, p | {"R.n": np.diag(p["R.n"])}))


def test_mut1_is_a_gru_before_that_is_fed_tanh_of_x_as_well() -> None:
    x, state, p = draw("mut1", seed=8)
    nothing, eye = np.zeros((4, 4)), np.eye(4)
    wide = {"W.z": np.hstack([p["W.z"], nothing]), "W.r": np.hstack([p["W.r"], nothing])}
    wide |= {"W.n": np.hstack([nothing, eye]), "R.z": nothing}
    fed = np.concatenate([x, np.tanh(x)], axis=2)
    same(run("mut1", x, state, p), run("gru_before", fed, state, p | wide))


def test_mut2_is_a_gru_before_whose_reset_has_the_identity_as_input_matrix() -> None:
    x, state, p = draw("mut2", seed=9)
    same(run("mut2", x, state, p), run("gru_before", x, state, p | {"W.r": np.eye(4)}))


def test_mut3_is_a_gru_before_that_hears_tanh_of_h_as_a_bias() -> None:
    x, state, p = draw("mut3", seed=10)
    deaf = p | {"R.z": np.zeros((4, 4))}
    same(run("mut3", x, state, deaf), run("gru_before", x, state, deaf))
    for row in range(3):
        one = {"h": state["h"][row : row + 1]}
        heard = deaf | {"b.z": p["b.z"] + p["R.z"] @ np.tanh(one["h"][0])}
        x_row = x[:1, row : row + 1]
        same(run("mut3", x_row, one, p), run("gru_before", x_row, one, heard))


def test_mgu_is_a_gru_before_with_one_gate_for_two() -> None:
    x, state, p = draw("mgu", seed=11)
    tied = {f"{kind}.{gate}": p[f"{kind}.f"] for kind in "WRb" for gate in "rz"}
    same(run("mgu", x, state, p), run("gru_before", x, state, p | tied))


@pytest.mark.parametrize("name", ["gru1", "gru2", "gru3", "mgu1", "mgu2", "mgu3"])
def test_a_slimmer_gate_is_a_gate_with_zeros(name: str) -> None:
    base = "gru_before" if name.startswith("gru") else "mgu"
    x, state, full = draw(base, seed=12)
    p = draw(name, seed=12)[2]
    zeros = {each: np.zeros_like(values) for each, values in full.items() if each not in p}
    assert zeros
    same(run(name, x, state, p), run(base, x, state, p | zeros))


def test_ligru_that_keeps_nothing_is_a_rectified_rnn() -> None:
    x, state, p = draw("ligru", seed=13)
    p["b.z"] = np.full(4, -SATURATED)
    same(run("ligru", x, state, p), run("rnn_relu", x, state, p))
