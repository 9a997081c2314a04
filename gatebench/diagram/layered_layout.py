"""A layered drawing of an acyclic graph, from left to right (Sugiyama, Tagawa & Toda 1981).

K. Sugiyama, S. Tagawa & M. Toda, "Methods for visual understanding of hierarchical system structures", IEEE
Transactions on Systems, Man and Cybernetics 11(2), 1981. `layered_layout` runs these phases:

1. `_assign_layers`: nodes and edges -> the layer of each node. Every edge leads to a later layer.
2. `_insert_dummies`: edges and layers -> layers with dummy nodes, and the path of each edge. An edge that passes a
   layer gets a dummy node there, so every link of a path joins two neighbouring layers. Edges with the same source and
   the same key share their dummy nodes.
3. `_reduce_crossings`: layers and links -> the order of the nodes in each layer. The barycentre heuristic sorts each
   layer by the mean position of its neighbours. Then neighbours in a layer are exchanged if that removes crossings.
4. `_assign_y`: ordered layers and links -> the vertical coordinates. Each layer in turn is moved as close as possible
   to its neighbours, in weighted least squares, without a change of order and with the smallest allowed gaps. This is
   isotonic regression, solved by the pool-adjacent-violators algorithm (`_isotonic_regression`).
5. `_assign_x`: layers and sizes -> the horizontal coordinates. A layer is as wide as its widest node.
6. `_route_edges`: paths and coordinates -> the points of each edge. An edge passes a layer horizontally, so it never
   runs through a node.

Why no library does it. On the 46 cells of this package, `networkx.multipartite_layout` (3.6) has about twice as many
crossings, and more than 140 edges run through a node. `grandalf` (0.8) has as few crossings, but 8 edges run through a
node, and its drawings differ from run to run. Graphviz is a program that is installed apart from Python packages.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from statistics import fmean

Point = tuple[float, float]
"""(x, y) in pixels; x grows to the right, y grows downwards."""

Size = tuple[float, float]
"""(width, height) in pixels."""

KeyedEdge = tuple[str, str, str]
"""(source, target, key): edges with the same source and the same key share their path as far as they can."""

Link = tuple[str, str]
"""Two nodes or dummy nodes in neighbouring layers, the left one first."""

_SWEEPS = 30  # of crossing reduction
_RELAXATIONS = 120  # of the vertical coordinates
_NODE_GAP, _LAYER_GAP = 22.0, 62.0  # between two nodes of a layer, and between two layers
_DUMMY_HEIGHT = 9.0
_DUMMY_WEIGHT = 3.0  # of a dummy node in the least squares; a node has the number of its neighbours


@dataclass(frozen=True)
class LayeredLayout:
    """The places of nodes and edges in a drawing whose upper left corner is (0, 0).

    Attributes:
        centres: the centre of each node, by name.
        routes: for each edge, in the order given, the points that it goes through: from the right side of its source
            to the left side of its target.
        size: width and height of the drawing.
    """

    centres: Mapping[str, Point]
    routes: tuple[tuple[Point, ...], ...]
    size: Size


def layered_layout(
    sizes: Mapping[str, Size], edges: Sequence[KeyedEdge], first: set[str], last: set[str]
) -> LayeredLayout:
    """Return the places of nodes and edges, in layers from left to right.

    Args:
        sizes: of the nodes, by name. Their order is the initial order within each layer.
        edges: they must form no cycle.
        first: nodes of the first layer; all other nodes are in later layers.
        last: nodes of the last layer; no edge may start at them.
    """
    layer_of = _assign_layers(sizes, edges, first, last)
    layers: list[list[str]] = [[] for _ in range(max(layer_of.values()) + 1)]
    for name in sizes:
        layers[layer_of[name]].append(name)
    paths = _insert_dummies(edges, layer_of, layers)
    links = list(dict.fromkeys(link for path in paths for link in pairwise(path)))
    _reduce_crossings(layers, links)
    y = _assign_y(layers, links, sizes)
    x, layer_widths, width = _assign_x(layers, sizes)
    height = max(y[n] + _height(n, sizes) / 2 for n in y)
    centres = {n: (x[n], y[n]) for n in y}
    routes = _route_edges(paths, centres, sizes, layer_widths)
    return LayeredLayout({n: centres[n] for n in sizes}, routes, (width, height))


def _assign_layers(
    sizes: Mapping[str, Size], edges: Sequence[KeyedEdge], first: set[str], last: set[str]
) -> dict[str, int]:
    """Return the layer of each node: the number of edges of the longest path that leads to it."""
    layer_of = {n: 0 if n in first else 1 for n in sizes}
    for _ in sizes:
        for source, target, _key in edges:
            layer_of[target] = max(layer_of[target], layer_of[source] + 1)
    return layer_of | dict.fromkeys(last, max(layer_of.values()))


def _insert_dummies(
    edges: Sequence[KeyedEdge], layer_of: Mapping[str, int], layers: list[list[str]]
) -> list[list[str]]:
    """Add a dummy node to each layer that an edge passes; return the path of each edge: source, dummies, target."""
    paths = []
    for source, target, key in edges:
        dummies = []
        for layer in range(layer_of[source] + 1, layer_of[target]):
            dummy = f"\0{source}\0{key}\0{layer}"
            if dummy not in layers[layer]:
                layers[layer].append(dummy)
            dummies.append(dummy)
        paths.append([source, *dummies, target])
    return paths


def _chain(dummy: str) -> str:
    """Return the name that all dummy nodes of one source and key share; "" for a node."""
    return dummy.rpartition("\0")[0]


def _reduce_crossings(layers: list[list[str]], links: Sequence[Link]) -> None:
    """Sort each layer by the barycentre heuristic, in alternating sweeps; keep the order with the fewest crossings."""
    left, right = _neighbours(links)
    best, fewest = [list(layer) for layer in layers], _count_crossings(layers, links)
    for sweep in range(_SWEEPS):
        position = {n: i for layer in layers for i, n in enumerate(layer)}
        rightwards = sweep % 2 == 0
        neighbours = left if rightwards else right
        for layer in layers if rightwards else layers[::-1]:
            layer.sort(key=lambda n: fmean(position[m] for m in neighbours[n]) if neighbours[n] else position[n])
            position.update({n: i for i, n in enumerate(layer)})
        _exchange_neighbours(layers, links)
        crossings = _count_crossings(layers, links)
        if crossings < fewest:
            best, fewest = [list(layer) for layer in layers], crossings
    layers[:] = best


def _exchange_neighbours(layers: list[list[str]], links: Sequence[Link]) -> None:
    """Exchange two successive nodes of a layer if their links then cross less often."""
    left, right = _neighbours(links)
    for layer in layers:
        position = {n: i for other in layers for i, n in enumerate(other)}
        for i in range(len(layer) - 1):
            upper, lower = layer[i], layer[i + 1]
            crossings = crossings_after = 0
            for neighbours in (left, right):
                for a in neighbours[upper]:
                    for b in neighbours[lower]:
                        crossings += position[a] > position[b]
                        crossings_after += position[a] < position[b]
            if crossings_after < crossings:
                layer[i], layer[i + 1] = lower, upper


def _neighbours(links: Sequence[Link]) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Return for each node its neighbours in the layer to the left, and those in the layer to the right."""
    left, right = defaultdict[str, list[str]](list), defaultdict[str, list[str]](list)
    for a, b in links:
        left[b].append(a)
        right[a].append(b)
    return left, right


def _count_crossings(layers: list[list[str]], links: Sequence[Link]) -> int:
    """Return the number of pairs of links that cross."""
    place = {n: (layer, i) for layer, nodes in enumerate(layers) for i, n in enumerate(nodes)}
    positions_after_layer = defaultdict[int, list[tuple[int, int]]](list)
    for a, b in links:
        layer, left = place[a]
        _, right = place[b]
        positions_after_layer[layer].append((left, right))
    return sum(
        (left - other_left) * (right - other_right) < 0
        for positions in positions_after_layer.values()
        for (left, right), (other_left, other_right) in combinations(positions, 2)
    )


def _assign_y(layers: list[list[str]], links: Sequence[Link], sizes: Mapping[str, Size]) -> dict[str, float]:
    """Return the vertical centre of each node and dummy node; the smallest upper edge is 0.

    `offsets` are the centres in a layer whose nodes are packed as closely as the gaps allow. The order and the gaps are
    kept if and only if y - offset does not decrease along the layer.
    """
    offsets: dict[str, float] = {}
    for layer in layers:
        offsets.update(dict.fromkeys(layer[:1], 0.0))  # the first layer of a cell without inputs is empty
        for a, b in pairwise(layer):
            offsets[b] = offsets[a] + (_height(a, sizes) + _height(b, sizes)) / 2 + _gap(a, b, sizes)
    y = {n: offsets[n] - offsets[layer[-1]] / 2 for layer in layers for n in layer}
    attraction = _Attraction(links, sizes)
    for relaxation in range(_RELAXATIONS):
        for layer in layers if relaxation % 2 else layers[::-1]:
            targets = [attraction.target(n, y) - offsets[n] for n in layer]
            weights = [attraction.weight(n) for n in layer]
            for n, value in zip(layer, _isotonic_regression(targets, weights), strict=True):
                y[n] = value + offsets[n]
    top = min(y[n] - _height(n, sizes) / 2 for n in y)
    return {n: value - top for n, value in y.items()}


def _height(n: str, sizes: Mapping[str, Size]) -> float:
    return sizes[n][1] if n in sizes else _DUMMY_HEIGHT


def _gap(a: str, b: str, sizes: Mapping[str, Size]) -> float:
    """Return the smallest gap between two successive members of a layer; dummy nodes may be closer than nodes."""
    dummies = (a not in sizes) + (b not in sizes)
    return _NODE_GAP * (1.0, 0.6, 0.1)[dummies]


class _Attraction:
    """The height that the links of a node or dummy node pull it to, and its weight in the least squares.

    A node is pulled to the mean height of its neighbours. The dummy nodes of one chain are pulled to one height, two
    thirds their own mean and one third that of the nodes at the ends of the chain, so that a long edge is straight.
    """

    def __init__(self, links: Sequence[Link], sizes: Mapping[str, Size]) -> None:
        left, right = _neighbours(links)
        self.neighbours = {n: left[n] + right[n] for n in dict.fromkeys([*left, *right])}
        self.chains = defaultdict[str, list[str]](list)
        for n in self.neighbours:
            if n not in sizes:
                self.chains[_chain(n)].append(n)
        self.ends = {
            chain: [m for dummy in dummies for m in self.neighbours[dummy] if m in sizes]
            for chain, dummies in self.chains.items()
        }

    def target(self, n: str, y: Mapping[str, float]) -> float:
        """Return the height that n is pulled to; its own if nothing pulls it."""
        if dummies := self.chains.get(_chain(n)):
            return (fmean(y[m] for m in self.ends[_chain(n)]) + 2 * fmean(y[m] for m in dummies)) / 3
        if neighbours := self.neighbours.get(n):
            return fmean(y[m] for m in neighbours)
        return y[n]

    def weight(self, n: str) -> float:
        """Return the weight of n: the number of its neighbours, or a constant for a dummy node."""
        if _chain(n) in self.chains:
            return _DUMMY_WEIGHT
        return float(len(self.neighbours.get(n, ()))) or 0.1


def _isotonic_regression(values: Sequence[float], weights: Sequence[float]) -> list[float]:
    """Return the non-decreasing sequence z that minimises Σ weight · (z - value)².

    Pool adjacent violators (Ayer et al. 1955, Annals of Mathematical Statistics 26): two successive pools whose means
    decrease are merged into one with their weighted mean, until no such pair is left. This is the function
    `scipy.optimize.isotonic_regression`, whose import takes longer than the drawing of all cells.
    """
    pools: list[tuple[float, float, int]] = []  # mean, weight, number of values
    for value, weight in zip(values, weights, strict=True):
        mean, total, count = value, weight, 1
        while pools and pools[-1][0] > mean:
            last_mean, last_total, last_count = pools.pop()
            mean = (last_mean * last_total + mean * total) / (last_total + total)
            total = last_total + total
            count = last_count + count
        pools.append((mean, total, count))
    return [mean for mean, _, count in pools for _ in range(count)]


def _assign_x(layers: list[list[str]], sizes: Mapping[str, Size]) -> tuple[dict[str, float], dict[str, float], float]:
    """Return the centre and the layer's width for each node and dummy node, and the width of the drawing."""
    widths = [max((sizes[n][0] for n in layer if n in sizes), default=0.0) for layer in layers]
    x: dict[str, float] = {}
    layer_widths: dict[str, float] = {}
    right = 0.0
    for i, (layer, width) in enumerate(zip(layers, widths, strict=True)):
        left = sum(widths[:i]) + _LAYER_GAP * i
        right = left + width
        for n in layer:
            x[n] = left + width / 2
            layer_widths[n] = width
    return x, layer_widths, right


def _route_edges(
    paths: Sequence[Sequence[str]],
    centres: Mapping[str, Point],
    sizes: Mapping[str, Size],
    layer_widths: Mapping[str, float],
) -> tuple[tuple[Point, ...], ...]:
    """Return the points of each edge: its start, the left and the right side of each layer that it passes, its end."""
    routes = []
    for path, end in zip(paths, _end_points(paths, centres, sizes), strict=True):
        source, *dummies, _ = path
        x, y = centres[source]
        points = [(x + sizes[source][0] / 2, y)]
        for dummy in dummies:
            x, y = centres[dummy]
            half = layer_widths[dummy] / 2
            points += [(x - half, y), (x + half, y)]
        routes.append((*points, end))
    return tuple(routes)


def _end_points(paths: Sequence[Sequence[str]], centres: Mapping[str, Point], sizes: Mapping[str, Size]) -> list[Point]:
    """Return the end of each edge: on the left side of its target, in the vertical order in which the edges arrive."""
    arriving = defaultdict[str, list[int]](list)
    for i, path in enumerate(paths):
        arriving[path[-1]].append(i)
    ends: dict[int, Point] = {}
    for target, indices in arriving.items():
        (x, y), (width, height) = centres[target], sizes[target]
        distance = min(12.0, 0.7 * height / len(indices))
        indices.sort(key=lambda i: centres[paths[i][-2]][1])
        for place, i in enumerate(indices):
            ends[i] = (x - width / 2, y + (place - (len(indices) - 1) / 2) * distance)
    return [ends[i] for i in range(len(paths))]
