"""A layered layout (after Sugiyama, Tagawa and Toda, 1981): pure, and the same for every picture.

Layers by longest path; long edges pass through a place of their own in each layer between; fewer
crossings by medians and swaps of neighbours; positions by least squares that keep the distances.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

Order = list[list[int]]
SWEEPS = 16
LARGE = 600  # places; above that fewer rounds are made


class Layout(NamedTuple):
    """Where everything stands. Places 0..n-1 are the nodes, the others are where long edges pass."""

    layers: Order  # places by layer, from left to right
    layer_of: Sequence[int]
    centre: Sequence[float]  # across
    chains: Mapping[tuple[int, int], Sequence[int]]  # edge -> its places, both ends included


def layout(count: int, edges: Sequence[tuple[int, int]], width: Callable[[int], float], gap: float) -> Layout:
    """Place ``count`` nodes. Edges go from an earlier to a later node; ``width`` of a place (below
    ``count``: a node), ``gap``: the distance between two."""
    edges = sorted(set(edges))
    layer_of = _layers(count, edges)
    places, chains = _chains(count, edges, layer_of)
    layers: Order = [[] for _ in range(max(places, default=-1) + 1)]
    for place, layer in enumerate(places):
        layers[layer].append(place)
    up: list[list[int]] = [[] for _ in places]
    down: list[list[int]] = [[] for _ in places]
    for chain in chains.values():
        for a, b in pairwise(chain):
            down[a].append(b)
            up[b].append(a)
    layers = _uncross(layers, up, down, len(places))
    centre = _positions(layers, up, down, width, gap, count)
    return Layout(layers, places, centre, chains)


def _layers(count: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    """Each node below all that it needs; one that needs little stands just above who needs it."""
    needs: list[list[int]] = [[] for _ in range(count)]
    needed: list[list[int]] = [[] for _ in range(count)]
    for a, b in edges:
        needs[b].append(a)
        needed[a].append(b)
    found = [0] * count
    for node in range(count):
        found[node] = 1 + max((found[a] for a in needs[node]), default=-1)
    for node in reversed(range(count)):
        if needed[node] and len(needed[node]) > len(needs[node]):
            found[node] = max(found[node], min(found[b] for b in needed[node]) - 1)
    return found


def _chains(
    count: int, edges: Sequence[tuple[int, int]], layer_of: Sequence[int]
) -> tuple[list[int], dict[tuple[int, int], list[int]]]:
    places = list(layer_of)
    chains = {}
    for a, b in edges:
        chain = [a]
        for layer in range(layer_of[a] + 1, layer_of[b]):
            chain.append(len(places))
            places.append(layer)
        chains[a, b] = [*chain, b]
    return places, chains


# ---- fewer crossings -----------------------------------------------------------------------------


def crossings(layers: Order, down: Sequence[Sequence[int]]) -> int:
    """How often edges between neighbouring layers cross."""
    total = 0
    for upper, lower in pairwise(layers):
        position = {place: i for i, place in enumerate(lower)}
        seen: list[int] = []
        for place in upper:
            targets = sorted(position[b] for b in down[place])
            for t in targets:
                total += len(seen) - bisect_left(seen, t + 1)
            for t in targets:
                insort(seen, t)
    return total


def _uncross(layers: Order, up: Sequence[Sequence[int]], down: Sequence[Sequence[int]], places: int) -> Order:
    best, least = layers, crossings(layers, down)
    rounds = SWEEPS if places <= LARGE else 4
    order = [list(layer) for layer in layers]
    for turn in range(rounds):
        if not least:
            break
        if turn % 2 == 0:
            for i in range(1, len(order)):
                order[i] = _by_median(order[i], order[i - 1], up)
        else:
            for i in reversed(range(len(order) - 1)):
                order[i] = _by_median(order[i], order[i + 1], down)
        if places <= LARGE:
            _swap(order, up, down)
        now = crossings(order, down)
        if now < least:
            best, least = [list(layer) for layer in order], now
    return best


def _by_median(layer: list[int], beside: list[int], neighbours: Sequence[Sequence[int]]) -> list[int]:
    position = {place: i for i, place in enumerate(beside)}
    wanted = {}
    for index, place in enumerate(layer):
        found = sorted(position[n] for n in neighbours[place])
        middle = len(found) // 2
        if not found:
            wanted[place] = index * max(len(beside), 1) / max(len(layer), 1)
        elif len(found) % 2:
            wanted[place] = float(found[middle])
        else:
            wanted[place] = (found[middle - 1] + found[middle]) / 2
    return sorted(layer, key=lambda place: wanted[place])  # stable: who is content stays


def _swap(order: Order, up: Sequence[Sequence[int]], down: Sequence[Sequence[int]]) -> None:
    """Swap neighbours as long as that helps."""
    for i, layer in enumerate(order):
        above = {p: k for k, p in enumerate(order[i - 1])} if i else {}
        below = {p: k for k, p in enumerate(order[i + 1])} if i + 1 < len(order) else {}
        for k in range(len(layer) - 1):
            a, b = layer[k], layer[k + 1]
            now = _pair(a, b, up, above) + _pair(a, b, down, below)
            if now and _pair(b, a, up, above) + _pair(b, a, down, below) < now:
                layer[k], layer[k + 1] = b, a


def _pair(a: int, b: int, neighbours: Sequence[Sequence[int]], position: Mapping[int, int]) -> int:
    """Crossings of the edges of two places when ``a`` stands left of ``b``."""
    if not position:
        return 0
    right = sorted(position[n] for n in neighbours[b])
    return sum(bisect_left(right, position[n]) for n in neighbours[a])


# ---- positions -----------------------------------------------------------------------------------


def _positions(
    layers: Order,
    up: Sequence[Sequence[int]],
    down: Sequence[Sequence[int]],
    width: Callable[[int], float],
    gap: float,
    nodes: int,
) -> list[float]:
    x = [0.0] * len(up)
    for layer in layers:
        at = 0.0
        for place in layer:
            x[place] = at + width(place) / 2
            at += width(place) + gap
    rounds = 40 if len(up) <= LARGE else 6
    for turn in range(rounds):
        sides: Sequence[Sequence[Sequence[int]]] = (up,) if turn % 2 == 0 else (down,)
        if turn >= min(8, rounds // 2):
            sides = (up, down)  # once everything has its place both sides count
        for layer in layers if turn % 2 == 0 else layers[::-1]:
            _settle(layer, x, sides, width, gap, nodes)
    left = min((x[p] - width(p) / 2 for p in range(len(x))), default=0.0)
    return [value - left for value in x]


def _settle(
    layer: Sequence[int],
    x: list[float],
    sides: Sequence[Sequence[Sequence[int]]],
    width: Callable[[int], float],
    gap: float,
    nodes: int,
) -> None:
    """Move a layer's places as near to their neighbours as their distances allow.

    With the distances taken off, that is an isotonic regression: neighbours that want to pass each
    other are pooled, and the pool stands at its weighted mean.
    """
    pools: list[list[float]] = []  # [weight, weighted sum, how many]
    offsets: list[float] = []
    offset = 0.0
    for index, place in enumerate(layer):
        if index:
            offset += (width(layer[index - 1]) + width(place)) / 2 + gap
        offsets.append(offset)
        wanted, weight = _wish(place, x, sides, nodes)
        pools.append([weight, weight * (wanted - offset), 1])
        while len(pools) > 1 and pools[-2][1] / pools[-2][0] > pools[-1][1] / pools[-1][0]:
            last = pools.pop()
            pools[-1] = [a + b for a, b in zip(pools[-1], last, strict=True)]
    index = 0
    for weight, total, size in pools:
        for _ in range(int(size)):
            x[layer[index]] = total / weight + offsets[index]
            index += 1


def _wish(
    place: int, x: Sequence[float], sides: Sequence[Sequence[Sequence[int]]], nodes: int
) -> tuple[float, float]:
    """Where a place would like to stand, and how much: long edges want to be straight."""
    total = weights = 0.0
    for side in sides:
        for n in side[place]:
            weight = 16.0 if place >= nodes and n >= nodes else 2.0 if place >= nodes or n >= nodes else 1.0
            total += weight * x[n]
            weights += weight
    return (total / weights, weights) if weights else (x[place], 0.01)
