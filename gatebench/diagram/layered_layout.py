"""Where the nodes of a layered graph go, and how its lines run between them: few crossings, no overlaps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from statistics import fmean

Point = tuple[float, float]
Size = tuple[float, float]
Line = tuple[str, str, str]
"""(from, to, key): long lines from one node with the same key share their way."""

_SWEEPS, _RELAXATIONS = 30, 120
_GAP, _STEP = 22.0, 62.0  # between nodes of a layer, and between layers
_LANE = 9.0  # how much room a line that passes a layer takes, beside others that do


@dataclass(frozen=True)
class LayeredLayout:
    """Centres of the nodes by name, of each line the points that it goes through, and how large the whole is."""

    centres: Mapping[str, Point]
    lines: tuple[tuple[Point, ...], ...]
    size: Size


def place(sizes: Mapping[str, Size], lines: Sequence[Line], first: set[str], last: set[str]) -> LayeredLayout:
    """Return where everything goes, in layers from left to right.

    Args:
        sizes: of the nodes, by name, in the order in which they stand where nothing else decides.
        lines: from one node to another, with no circle.
        first: nodes of the first layer; the others come behind it.
        last: nodes that nothing follows and that stand in the last layer.
    """
    depth = _depths(sizes, lines, first, last)
    layers: list[list[str]] = [[] for _ in range(max(depth.values()) + 1)]
    for name in sizes:
        layers[depth[name]].append(name)
    ways = [_way(line, depth, layers) for line in lines]
    links = list(dict.fromkeys(pair for way in ways for pair in pairwise(way)))
    _order(layers, links)
    heights = _heights(layers, links, sizes)
    widths = [max((sizes[n][0] for n in layer if n in sizes), default=0.0) for layer in layers]
    lefts = [sum(widths[:i]) + _STEP * i for i in range(len(layers))]
    at = {n: (lefts[i] + widths[i] / 2, heights[n]) for i, layer in enumerate(layers) for n in layer}
    ends = _ends(ways, at, sizes)
    drawn = []
    for way, end in zip(ways, ends, strict=True):
        start = at[way[0]][0] + sizes[way[0]][0] / 2, at[way[0]][1]
        spans = [(at[n], widths[i + depth[way[0]] + 1] / 2) for i, n in enumerate(way[1:-1])]
        passed = [(x + side, y) for (x, y), half in spans for side in (-half, half)]
        drawn.append((start, *passed, end))
    bottom = max(heights[n] + (sizes[n][1] if n in sizes else _LANE) / 2 for n in heights)
    return LayeredLayout({n: at[n] for n in sizes}, tuple(drawn), (lefts[-1] + widths[-1], bottom))


def _depths(sizes: Mapping[str, Size], lines: Sequence[Line], first: set[str], last: set[str]) -> dict[str, int]:
    depth = {n: 0 if n in first else 1 for n in sizes}
    for _ in sizes:
        for source, target, _key in lines:
            depth[target] = max(depth[target], depth[source] + 1)
    deepest = max(depth.values())
    return depth | dict.fromkeys(last, deepest)


def _way(line: Line, depth: Mapping[str, int], layers: list[list[str]]) -> list[str]:
    """Return the nodes of a line's way, with a lane in each layer that it passes, which is added there."""
    source, target, key = line
    lanes = []
    for layer in range(depth[source] + 1, depth[target]):
        lane = f"\0{source}\0{key}\0{layer}"
        if lane not in layers[layer]:
            layers[layer].append(lane)
        lanes.append(lane)
    return [source, *lanes, target]


def _order(layers: list[list[str]], links: Sequence[tuple[str, str]]) -> None:
    """Sort each layer so that few lines cross: by the mean place of neighbours, keeping the best of many sweeps."""
    before, after = _neighbours(links)
    best, fewest = [list(layer) for layer in layers], _crossings(layers, links)
    for sweep in range(_SWEEPS):
        place = {n: i for layer in layers for i, n in enumerate(layer)}
        near, order = (before, layers) if sweep % 2 == 0 else (after, layers[::-1])
        for layer in order:
            layer.sort(key=lambda n: fmean(place[m] for m in near[n]) if near[n] else place[n])
            place.update({n: i for i, n in enumerate(layer)})
        _swap(layers, links)
        if (crossings := _crossings(layers, links)) < fewest:
            best, fewest = [list(layer) for layer in layers], crossings
    layers[:] = best


def _swap(layers: list[list[str]], links: Sequence[tuple[str, str]]) -> None:
    """Exchange neighbours where that removes crossings."""
    before, after = _neighbours(links)
    for layer in layers:
        place = {n: i for other in layers for i, n in enumerate(other)}
        for i in range(len(layer) - 1):
            a, b = layer[i], layer[i + 1]
            sides = [([place[m] for m in near[a]], [place[m] for m in near[b]]) for near in (before, after)]
            kept = sum(x > y for left, right in sides for x in left for y in right)
            swapped = sum(x < y for left, right in sides for x in left for y in right)
            if swapped < kept:
                layer[i], layer[i + 1] = b, a


def _neighbours(links: Sequence[tuple[str, str]]) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    before, after = defaultdict[str, list[str]](list), defaultdict[str, list[str]](list)
    for a, b in links:
        before[b].append(a)
        after[a].append(b)
    return before, after


def _crossings(layers: list[list[str]], links: Sequence[tuple[str, str]]) -> int:
    place = {n: (i, j) for i, layer in enumerate(layers) for j, n in enumerate(layer)}
    gaps = defaultdict[int, list[tuple[int, int]]](list)
    for a, b in links:
        gaps[place[a][0]].append((place[a][1], place[b][1]))
    return sum((a - c) * (b - d) < 0 for gap in gaps.values() for (a, b), (c, d) in combinations(gap, 2))


def _heights(layers: list[list[str]], links: Sequence[tuple[str, str]], sizes: Mapping[str, Size]) -> dict[str, float]:
    """Return the vertical places: near those of neighbours, in order, and far enough apart."""
    tall = {n: sizes[n][1] if n in sizes else _LANE for layer in layers for n in layer}
    offsets: dict[str, float] = {}
    for layer in layers:
        offsets.update(dict.fromkeys(layer[:1], 0.0))  # the first layer of a cell without inputs is empty
        for a, b in pairwise(layer):
            gap = _GAP * (0.6 if (a in sizes) != (b in sizes) else 1.0 if a in sizes else 0.1)
            offsets[b] = offsets[a] + (tall[a] + tall[b]) / 2 + gap
    y = {n: offsets[n] - offsets[layer[-1]] / 2 for layer in layers for n in layer}
    pull = _Pull(links, sizes)
    for turn in range(_RELAXATIONS):
        for layer in layers if turn % 2 else layers[::-1]:
            wanted = [pull.on(n, y) - offsets[n] for n in layer]
            for n, at in zip(layer, _rising(wanted, [pull.weight(n) for n in layer]), strict=True):
                y[n] = at + offsets[n]
    top = min(y[n] - tall[n] / 2 for n in y)
    return {n: at - top for n, at in y.items()}


class _Pull:
    """Where the neighbours of nodes and lanes draw them; the lanes of one line are drawn to one height."""

    def __init__(self, links: Sequence[tuple[str, str]], sizes: Mapping[str, Size]) -> None:
        before, after = _neighbours(links)
        self.near = {n: before[n] + after[n] for n in {*before, *after}}
        self.chains = defaultdict[str, list[str]](list)
        for n in self.near:
            if n not in sizes:
                self.chains[_chain(n)].append(n)
        self.ends = {
            chain: [m for n in lanes for m in self.near[n] if m in sizes] for chain, lanes in self.chains.items()
        }

    def on(self, n: str, y: Mapping[str, float]) -> float:
        chain = self.chains.get(_chain(n))
        if chain:
            return (fmean(y[m] for m in self.ends[_chain(n)]) + 2 * fmean(y[m] for m in chain)) / 3
        return fmean(y[m] for m in self.near[n]) if self.near.get(n) else y[n]

    def weight(self, n: str) -> float:
        return 3.0 if _chain(n) in self.chains else float(len(self.near.get(n, ()))) or 0.1


def _chain(lane: str) -> str:
    return lane.rpartition("\0")[0]


def _rising(values: Sequence[float], weights: Sequence[float]) -> list[float]:
    """Return the numbers nearest to `values`, in weighted squares, that never fall (pool adjacent violators)."""
    pools: list[tuple[float, float, int]] = []
    for value, weight in zip(values, weights, strict=True):
        pool = (value, weight, 1)
        while pools and pools[-1][0] > pool[0]:
            a, b = pools.pop(), pool
            pool = ((a[0] * a[1] + b[0] * b[1]) / (a[1] + b[1]), a[1] + b[1], a[2] + b[2])
        pools.append(pool)
    return [value for value, _, count in pools for _ in range(count)]


def _ends(ways: Sequence[Sequence[str]], at: Mapping[str, Point], sizes: Mapping[str, Size]) -> list[Point]:
    """Return where each way meets its last node: on its left side, in the order in which the ways arrive."""
    arriving = defaultdict[str, list[int]](list)
    for i, way in enumerate(ways):
        arriving[way[-1]].append(i)
    ends: dict[int, Point] = {}
    for name, found in arriving.items():
        (x, y), (wide, tall) = at[name], sizes[name]
        step = min(12.0, 0.7 * tall / len(found))
        for i, index in enumerate(sorted(found, key=lambda k: at[ways[k][-2]][1])):
            ends[index] = (x - wide / 2, y + (i - (len(found) - 1) / 2) * step)
    return [ends[i] for i in range(len(ways))]
