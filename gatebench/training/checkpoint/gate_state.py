"""The sums of gates as plain values and tensors. H units of a layer, all directions."""

from collections.abc import Mapping, Sequence
from dataclasses import astuple
from typing import Any

import torch
from torch import Tensor

from gatebench.measures.gate_bins import SIGNED, UNBOUNDED, UNIT, Bins
from gatebench.measures.gate_sums import GateSums, PairSums, TraceSums
from gatebench.training.checkpoint.content import damaged
from gatebench.training.checkpoint.schema import entry, items, names, tensor_like, whole

_BINS = {astuple(bins): bins for bins in (UNIT, SIGNED, UNBOUNDED)}

_ARRAYS = ("total", "squares", "change")
"""The arrays of a gate with the shape (H,), float64."""


def values_of(sums: TraceSums) -> dict[str, Any]:
    """Return the plain values of gate sums. The gates keep their order."""
    return {
        "gates": [
            {"layer": layer, "gate": gate, "bins": list(astuple(one.bins)), "steps": one.steps, "pairs": one.pairs}
            for (layer, gate), one in sums.gates.items()
        ],
        "pairs": [{"layer": layer, "gates": list(pair.gates)} for layer, pair in sums.pairs.items()],
    }


def tensors_of(sums: TraceSums) -> dict[str, Tensor]:
    """Return the arrays of gate sums by name: "gates/0/f/total", "pairs/0", …."""
    tensors = {f"pairs/{layer}": torch.from_numpy(pair.products) for layer, pair in sums.pairs.items()}
    for (layer, gate), one in sums.gates.items():
        tensors |= {f"gates/{layer}/{gate}/{name}": torch.from_numpy(getattr(one, name)) for name in _ARRAYS}
        tensors[f"gates/{layer}/{gate}/histogram"] = torch.from_numpy(one.histogram)
    return tensors


def gate_sums(
    values: Mapping[str, Any], tensors: Mapping[str, Tensor], *, gates: Sequence[str], units: Sequence[int]
) -> TraceSums:
    """Return the gate sums of a checkpoint.

    Args:
        values: the values of `values_of`, from any source.
        tensors: the tensors of `tensors_of`, from any source.
        gates: the letters of the cell's gates.
        units: the number of units of each recurrent layer, in all directions.

    Raises:
        UserError: a value or a tensor does not fit.
    """
    found: dict[tuple[int, str], GateSums] = {}
    for one in items(entry(values, "gates"), "the list of gates"):
        layer, (gate,) = _layer(one, len(units)), names([entry(one, "gate")], "a gate", gates)
        found[layer, gate] = _gate(one, tensors, f"gates/{layer}/{gate}", units[layer])
    pairs: dict[int, PairSums] = {}
    for one in items(entry(values, "pairs"), "the list of pairs"):
        layer, pair = _layer(one, len(units)), names(entry(one, "gates"), "a pair of gates", gates)
        if len(pair) != 2 or not all((layer, gate) in found for gate in pair):
            raise damaged(f"the pair of layer {layer} does not name two of its gates")
        pairs[layer] = PairSums((pair[0], pair[1]), _array(tensors, f"pairs/{layer}", _floats(units[layer])))
    return TraceSums(found, pairs)


def _gate(values: Mapping[str, Any], tensors: Mapping[str, Tensor], prefix: str, units: int) -> GateSums:
    bins = _bins(entry(values, "bins"))
    total, squares, change = (_array(tensors, f"{prefix}/{name}", _floats(units)) for name in _ARRAYS)
    return GateSums(
        bins,
        whole(entry(values, "steps"), "the number of steps", 0, 2**62),
        total,
        squares,
        _array(tensors, f"{prefix}/histogram", torch.empty(units, bins.count, dtype=torch.int64, device="meta")),
        whole(entry(values, "pairs"), "the number of pairs", 0, 2**62),
        change,
    )


def _bins(value: object) -> Bins:
    known = {repr(list(key)): bins for key, bins in _BINS.items()}
    if repr(value) not in known:
        raise damaged("the bins of a gate are unknown")
    return known[repr(value)]


def _layer(values: object, layers: int) -> int:
    if not isinstance(values, dict):
        raise damaged("the sums of a gate are no object")
    return whole(entry(values, "layer"), "a layer", 0, layers - 1)


def _floats(units: int) -> Tensor:
    return torch.empty(units, dtype=torch.float64, device="meta")


def _array(tensors: Mapping[str, Tensor], name: str, like: Tensor) -> Any:
    return tensor_like(tensors, name, like).clone().numpy()
