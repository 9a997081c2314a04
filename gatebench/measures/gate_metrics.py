"""The metrics of gates: what their sums say about the roles of the gates, by metric name.

The name of a metric is "gate/lLAYER/ROLE/LETTER/STATISTIC", for example "gate/l0/keep/f/mean". The value of a role is
the gate's value, or 1 minus the gate's value for a role such as "keep/1-z".
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gatebench.measures.gate_sums import Floats, GateSums, PooledGate, TraceSums


class GateRole(Protocol):
    """The role of a gate in its cell. `gatebench.derive.roles` finds the roles."""

    @property
    def name(self) -> str:
        """The name: "keep", "write", "expose", "reset", "candidate", "preactivation" or "other"."""

    @property
    def gate(self) -> str:
        """The gate's letter in the table."""

    @property
    def complement(self) -> bool:
        """Whether the role's value is 1 minus the gate's value."""

    @property
    def unit(self) -> bool:
        """Whether the values are certain to lie in [0, 1]."""

    @property
    def fixed(self) -> float | None:
        """The role's value if the gate is constant, else None."""

    @property
    def key(self) -> str:
        """The role and the letter: "keep/f", "keep/1-z"."""


def metrics(sums: TraceSums, roles: Sequence[GateRole]) -> dict[str, float]:
    """Return the statistics of every role over all steps and units, by metric name.

    Every role has `mean`, `std` and `change`, the mean of |g[t] - g[t-1]|. A role whose values lie in [0, 1] also has
    `left` and `right`, the shares of values below 0.1 and above 0.9, and `entropy`, the entropy in bits (base 2) of the
    distribution of the values over 20 equal bins on [0, 1]: 0 if all values are in one bin, log2(20) = 4.32 if all bins
    hold the same number. A role that keeps and lies in [0, 1] also has `tau/median` and `tau/p90`, the median and the
    90th percentile of the timescales of the units in steps; see `timescales`. `keep-write/correlation` is the Pearson
    correlation between the values of the first keeping and the first writing role, where these are different gates.

    Args:
        sums: the sums of all gates.
        roles: the roles of the gates. Roles of fixed gates and of gates that were not recorded have no statistics.
    """
    found: dict[str, float] = {}
    for (layer, gate), units in sums.gates.items():
        pool = units.pooled()
        for role in roles:
            if role.gate == gate and role.fixed is None:
                statistics = _statistics(units, pool, role)
                found |= {f"gate/l{layer}/{role.key}/{name}": value for name, value in statistics.items()}
    pair = keep_and_write(roles)
    for layer in sums.pairs if pair else ():
        assert pair is not None
        sign = -1 if pair[0].complement != pair[1].complement else 1
        found[f"gate/l{layer}/keep-write/correlation"] = sign * sums.correlation(layer)
    return found


def fixed_metrics(roles: Iterable[GateRole], layers: int) -> dict[str, float]:
    """Return the values of the roles of fixed gates, for example {"gate/l0/keep/f/fixed": 1.0}, for each layer."""
    fixed = {role.key: role.fixed for role in roles if role.fixed is not None}
    return {f"gate/l{layer}/{key}/fixed": value for layer in range(layers) for key, value in fixed.items()}


def keep_and_write(roles: Iterable[GateRole]) -> tuple[GateRole, GateRole] | None:
    """Return the first role that keeps and the first that writes, neither fixed.

    Return None if a cell has not both, or if both are of the same gate: their correlation is -1 by construction.
    """
    free = [role for role in roles if role.fixed is None]
    keeps = [role for role in free if role.name == "keep"]
    writes = [role for role in free if role.name == "write"]
    if not keeps or not writes or keeps[0].gate == writes[0].gate:
        return None
    return keeps[0], writes[0]


def timescales(means: Floats) -> Floats:
    """Return the timescale of each unit in steps, τ = -1 / ln(mean), for means in [0, 1].

    A state that is multiplied by the constant `mean` in every step decays to 1/e after τ steps. This is the timescale
    of the mean gate, not the mean of the timescales. A mean of 0 gives 0 (nothing is kept), 1 gives infinity (nothing
    is lost), NaN gives NaN.

    Examples:
        >>> timescales(np.array([0.0, 0.5, 0.9, 1.0])).round(4).tolist()
        [0.0, 1.4427, 9.4912, inf]
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        tau = -1 / np.log(means)
    return np.where(means >= 1, np.inf, np.where(means <= 0, 0.0, tau))


def entropy(counts: NDArray[np.int64]) -> float:
    """Return the entropy in bits (base 2) of the distribution with these counts; NaN if nothing was counted.

    Examples:
        >>> entropy(np.array([3, 3])), entropy(np.array([5, 0]))
        (1.0, 0.0)
    """
    total = int(counts.sum())
    if not total:
        return math.nan
    shares = counts[counts > 0] / total
    return float(-(shares * np.log2(shares)).sum()) + 0.0


def _statistics(units: GateSums, pool: PooledGate, role: GateRole) -> dict[str, float]:
    """Return the statistics of a role by name."""
    found = {"mean": 1 - pool.mean if role.complement else pool.mean, "std": pool.std, "change": pool.change}
    if role.unit:
        shares = pool.left_share, pool.right_share
        found["left"], found["right"] = reversed(shares) if role.complement else shares
        found["entropy"] = math.nan if math.isnan(pool.mean) else entropy(pool.histogram)
    if role.unit and role.name == "keep":
        found |= _tau(1 - units.mean if role.complement else units.mean)
    return found


def _tau(means: Floats) -> dict[str, float]:
    """Return the median and the 90th percentile of the timescales of the units with these means."""
    tau = np.sort(timescales(means)).tolist()
    return {"tau/median": _quantile(tau, 0.5), "tau/p90": _quantile(tau, 0.9)}


def _quantile(ascending: Sequence[float], share: float) -> float:
    """Return a quantile, interpolated linearly between neighbours as numpy does; NaN if a value is NaN.

    Values can be infinite: the quantile is infinite if it lies above the greatest finite value. numpy gives NaN there.
    """
    if math.isnan(ascending[-1]):  # NaN is sorted behind all numbers
        return math.nan
    place = share * (len(ascending) - 1)
    low = math.floor(place)
    below, part = ascending[low], place - low
    if not part or below == ascending[low + 1]:
        return below
    return below + part * (ascending[low + 1] - below)
