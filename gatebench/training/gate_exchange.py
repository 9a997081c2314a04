"""The sums of gates over all ranks of a trial."""

import json
from dataclasses import asdict
from functools import reduce
from io import BytesIO
from operator import add
from typing import Any

import numpy as np

from gatebench.measures.gate_bins import Bins
from gatebench.measures.gate_sums import GateSums, PairSums, TraceSums
from gatebench.training.rank_group import RankGroup

_ARRAYS = ("total", "squares", "histogram", "change")


def sum_over_ranks(sums: TraceSums, group: RankGroup) -> TraceSums:
    """Return the sums of gates over the examples of all ranks, added in the order of the ranks.

    Args:
        sums: the sums over the examples of this rank; without gates if it had no example.
        group: the ranks.
    """
    if group.is_alone:
        return sums
    parts = [from_bytes(content) for content in group.gather_bytes(to_bytes(sums))]
    return reduce(add, [part for part in parts if part.gates] or [sums])


def to_bytes(sums: TraceSums) -> bytes:
    """Return the sums as arrays in numpy's format, with a description in JSON. Nothing is pickled."""
    gates = [
        {"layer": layer, "gate": gate, "bins": asdict(one.bins), "steps": one.steps, "pairs": one.pairs}
        for (layer, gate), one in sums.gates.items()
    ]
    pairs = [{"layer": layer, "gates": one.gates} for layer, one in sums.pairs.items()]
    arrays: dict[str, Any] = {"json": np.array(json.dumps([gates, pairs]))}
    for number, one in enumerate(sums.gates.values()):
        arrays |= {f"{name}{number}": getattr(one, name) for name in _ARRAYS}
    arrays |= {f"products{number}": one.products for number, one in enumerate(sums.pairs.values())}
    file = BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def from_bytes(content: bytes) -> TraceSums:
    """Return the sums from the bytes of `to_bytes` of another rank."""
    with np.load(BytesIO(content), allow_pickle=False) as arrays:
        gates, pairs = json.loads(arrays["json"].item())
        return TraceSums(
            {
                (one["layer"], one["gate"]): GateSums(
                    Bins(**one["bins"]),
                    steps=one["steps"],
                    pairs=one["pairs"],
                    **{name: arrays[f"{name}{number}"] for name in _ARRAYS},
                )
                for number, one in enumerate(gates)
            },
            {
                one["layer"]: PairSums((one["gates"][0], one["gates"][1]), arrays[f"products{number}"])
                for number, one in enumerate(pairs)
            },
        )
