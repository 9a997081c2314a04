"""The metrics of roles, against numpy."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gatebench.measures.gate_metrics import GateRole, entropy, fixed_metrics, keep_and_write, metrics, timescales
from gatebench.measures.gate_recorder import GateRecorder
from tests.gatebench.measures.gate_examples import (
    GRU_ROLES,
    LSTM_ROLES,
    PlainRole,
    changes,
    counted,
    unit_trace,
)

LENGTHS = torch.tensor([7, 1, 0, 4, 6])


def recorded(trace: dict[str, torch.Tensor], *roles: GateRole) -> dict[str, float]:
    recorder = GateRecorder(roles)
    recorder.add({0: trace}, LENGTHS)
    return recorder.metrics()


def test_the_metrics_of_an_lstm() -> None:
    trace = {gate: unit_trace(seed=seed) for seed, gate in enumerate("fio")} | {"g": 2 * unit_trace(seed=9) - 1}
    found = recorded(trace, *LSTM_ROLES)
    unit = ["mean", "std", "change", "left", "right", "entropy"]
    assert set(found) == {
        *(f"gate/l0/keep/f/{statistic}" for statistic in [*unit, "tau/median", "tau/p90"]),
        *(f"gate/l0/{role}/{statistic}" for role in ("write/i", "expose/o") for statistic in unit),
        *(f"gate/l0/candidate/g/{statistic}" for statistic in unit[:3]),
        "gate/l0/keep-write/correlation",
    }
    f, i = (counted(trace[gate], LENGTHS) for gate in "fi")
    shares = np.histogram(f, 20, (0, 1))[0] / f.size
    tau = -1 / np.log(f.mean(0))
    expected = {
        "keep/f/mean": f.mean(),
        "keep/f/std": f.std(),
        "keep/f/left": (f < 0.1).mean(),
        "keep/f/right": (f > 0.9).mean(),
        "keep/f/change": changes(trace["f"], LENGTHS).mean(),
        "keep/f/entropy": -sum(p * math.log2(p) for p in shares if p),
        "keep/f/tau/median": np.median(tau),
        "keep/f/tau/p90": np.percentile(tau, 90),
        "keep-write/correlation": np.corrcoef(f.ravel(), i.ravel())[0, 1],
    }
    for name, value in expected.items():
        assert found[f"gate/l0/{name}"] == pytest.approx(value, rel=1e-11), name


def test_a_complement_has_the_statistics_of_one_minus_the_gate() -> None:
    z = unit_trace() ** 2
    found = recorded({"z": z, "r": unit_trace(seed=1)}, *GRU_ROLES)
    mirrored = counted(1 - z.double(), LENGTHS)
    assert found["gate/l0/write/1-z/mean"] == pytest.approx(mirrored.mean(), rel=1e-12)
    assert found["gate/l0/write/1-z/left"] == (mirrored < 0.1).mean() == found["gate/l0/keep/z/right"]
    assert found["gate/l0/write/1-z/right"] == (mirrored > 0.9).mean() == found["gate/l0/keep/z/left"]
    assert found["gate/l0/write/1-z/left"] != found["gate/l0/write/1-z/right"]
    for statistic in ("std", "change", "entropy"):
        assert found[f"gate/l0/write/1-z/{statistic}"] == found[f"gate/l0/keep/z/{statistic}"]
    assert not [name for name in found if "tau" in name and "keep/z" not in name]
    assert "gate/l0/keep-write/correlation" not in found


def test_a_keeping_complement_has_the_timescale_of_one_minus_the_mean() -> None:
    z = unit_trace()
    found = recorded({"z": z}, PlainRole("keep", "z", complement=True))
    tau = -1 / np.log(1 - counted(z, LENGTHS).mean(0))
    assert found["gate/l0/keep/1-z/tau/median"] == pytest.approx(np.median(tau), rel=1e-11)


def test_a_complement_turns_the_sign_of_the_correlation() -> None:
    trace = {"f": unit_trace(), "i": unit_trace(seed=1)}
    plain = recorded(trace, PlainRole("keep", "f"), PlainRole("write", "i"))
    turned = recorded(trace, PlainRole("keep", "f"), PlainRole("write", "i", complement=True))
    name = "gate/l0/keep-write/correlation"
    assert plain[name] == -turned[name] != 0


def test_fixed_gates_have_their_value_and_no_statistics() -> None:
    roles = [PlainRole("keep", "f", fixed=1.0), PlainRole("write", "i")]
    assert fixed_metrics(roles, 2) == {"gate/l0/keep/f/fixed": 1.0, "gate/l1/keep/f/fixed": 1.0}
    assert not [name for name in recorded({"f": unit_trace(), "i": unit_trace()}, *roles) if "/f/" in name]
    assert keep_and_write(roles) is None


def test_a_timescale_is_infinite_if_a_unit_never_forgets() -> None:
    f = unit_trace(H=4)
    f[:, :, :3] = 1
    found = recorded({"f": f}, PlainRole("keep", "f"))
    assert found["gate/l0/keep/f/tau/median"] == found["gate/l0/keep/f/tau/p90"] == math.inf


def test_nan_is_seen_in_every_metric_of_the_gate() -> None:
    f = unit_trace()
    f[3, 0, 1] = math.nan
    found = recorded({"f": f}, PlainRole("keep", "f"))
    assert len(found) == 8
    assert all(map(math.isnan, found.values()))


def test_nothing_counted_is_nan_and_not_zero() -> None:
    recorder = GateRecorder([PlainRole("keep", "f")])
    recorder.add({0: {"f": unit_trace()}}, torch.zeros(5, dtype=torch.long))
    assert len(recorder.metrics()) == 8
    assert all(map(math.isnan, recorder.metrics().values()))
    assert metrics(GateRecorder([]).sums, LSTM_ROLES) == {}


@pytest.mark.parametrize("steps", [1.0, 10.0, 784.0])
def test_a_timescale_is_where_a_state_has_decayed_to_one_part_in_e(steps: float) -> None:
    f = math.exp(-1 / steps)
    tau = timescales(np.array([f])).item()
    assert tau == pytest.approx(steps)
    assert f**tau == pytest.approx(1 / math.e)


def test_timescales_at_the_ends() -> None:
    assert timescales(np.array([0.0, 1.0])).tolist() == [0.0, math.inf]
    assert np.isnan(timescales(np.array([math.nan]))).all()


@given(st.lists(st.integers(0, 1000), min_size=20, max_size=20).filter(any))
def test_the_entropy_is_at_most_that_of_equal_shares(counts: list[int]) -> None:
    assert 0 <= entropy(np.array(counts)) <= math.log2(20) + 1e-12


def test_the_entropy_of_equal_shares_and_of_nothing() -> None:
    assert entropy(np.full(20, 7)) == pytest.approx(math.log2(20))
    assert math.isnan(entropy(np.zeros(20, np.int64)))
