"""A pipeline drawn with characters: a label a step, lines from each layer to the next.

Where the drawing is wider than the terminal, or would fill screens, it is a list by layers instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from ..style import PLAIN, Style
from ..text import cells, clip, clip_middle, duration, pad, plural, some
from .channel import Wire, tracks
from .drawing import ORDER, Drawing, Node, count_words, state_words
from .layout import Layout, layout

MOST_STEPS = 80  # a drawing of more is no picture any more
GAP = 3
_MARKS = {
    "succeeded": ("✓", "+", "green"), "reused": ("=", "=", "cyan"), "failed": ("✗", "x", "red"),
    "blocked": ("!", "!", "yellow"), "cancelled": ("-", "-", "yellow"), "skipped": ("-", "-", "dim"),
    "": ("○", "o", "dim"),
}  # fmt: skip
_MEANING = {
    "succeeded": "run", "reused": "reused", "failed": "failed", "skipped": "skipped",
    "blocked": "blocked", "cancelled": "cancelled",
}  # fmt: skip
UP, DOWN, LEFT, RIGHT = 1, 2, 4, 8
_LINES = {
    UP: "│", DOWN: "│", UP | DOWN: "│", LEFT: "─", RIGHT: "─", LEFT | RIGHT: "─",
    DOWN | RIGHT: "╭", DOWN | LEFT: "╮", UP | RIGHT: "╰", UP | LEFT: "╯",
    UP | DOWN | RIGHT: "├", UP | DOWN | LEFT: "┤", DOWN | LEFT | RIGHT: "┬", UP | LEFT | RIGHT: "┴",
    UP | DOWN | LEFT | RIGHT: "┼",
}  # fmt: skip
_ASCII = {"│": "|", "─": "-", "┊": ":", "┄": "-"}
_DASHED = {"│": "┊", "─": "┄"}


class Label(NamedTuple):
    """What stands for a step."""

    mark: str
    name: str
    more: str
    colour: str

    @property
    def text(self) -> str:
        return " ".join(part for part in (self.mark, self.name, self.more) if part)


def text_lines(
    drawing: Drawing, *, width: int | None = None, style: Style = PLAIN, ascii: bool = False
) -> list[str]:
    """The picture, drawn where it fits, else as a list."""
    head = _head(drawing, width, style)
    if not drawing.nodes:
        return head
    lines = None
    if len(drawing.nodes) <= MOST_STEPS:
        lines = _drawn(drawing, width if width is not None else 160, style, ascii)
    if lines is None:
        lines = _listed(drawing, width, style, ascii)
    legend = _legend(drawing, ascii)
    return [*head, "", *lines, *(["", style(clip(legend, width), "dim")] if legend else [])]


def _head(drawing: Drawing, width: int | None, style: Style) -> list[str]:
    title = f"{drawing.title}: {plural(len(drawing.nodes), 'step')}"
    if width is not None and cells(title) + 2 + cells(drawing.about) > width:
        return [style(clip(title, width), "bold"), *([clip(drawing.about, width)] if drawing.about else [])]
    return [style(title, "bold") + (f", {drawing.about}" if drawing.about else "")]


def _legend(drawing: Drawing, ascii: bool) -> str:
    seen = dict.fromkeys(n.state for n in drawing.nodes if n.state)
    parts = [f"{_MARKS[s][1 if ascii else 0]} {_MEANING[s]}" for s in _MEANING if s in seen]
    if any(link.kind == ORDER for link in drawing.links):
        parts.append(f"{':' if ascii else '┊'} order only")
    return "  ".join(parts)


def _label(node: Node, ascii: bool) -> Label:
    fine, plain, colour = _MARKS.get(node.state, _MARKS[""])
    count = count_words(node)
    mixed = state_words(node, mixed_only=True)
    more = f"{count} ({mixed})" if mixed else count
    return Label(plain if ascii else fine, node.name, more.replace("×", "x") if ascii else more, colour)


# ---- drawn ---------------------------------------------------------------------------------------


def _drawn(drawing: Drawing, width: int, style: Style, ascii: bool) -> list[str] | None:
    """The lines, or None where it does not fit."""
    labels = [_label(node, ascii) for node in drawing.nodes]
    index = {node.name: i for i, node in enumerate(drawing.nodes)}
    kinds = {(index[e.source], index[e.target]): e.kind for e in drawing.links}
    sizes = [cells(label.text) for label in labels]
    found = layout(len(labels), list(kinds), lambda p: sizes[p] if p < len(sizes) else 1, GAP)
    at = _columns(found, sizes)
    right = max(at[p] - _half(sizes, p) + (sizes[p] if p < len(sizes) else 1) for p in range(len(at)))
    if right > width:
        return None
    lines: list[str] = []
    for depth, layer in enumerate(found.layers):
        row = _Canvas(right, 1, ascii)
        for place in layer:
            if place < len(labels):
                row.label(at[place] - _half(sizes, place), labels[place])
        for edge, chain in found.chains.items():
            for place in chain[1:-1]:
                if found.layer_of[place] == depth:
                    row.line(at[place], 0, UP | DOWN, kinds[edge] == ORDER)
        lines += row.lines(style)
        if depth + 1 < len(found.layers):
            lines += _between(found, at, kinds, depth, right, ascii).lines(style)
    return lines


def _half(sizes: Sequence[int], place: int) -> int:
    return sizes[place] // 2 if place < len(sizes) else 0


def _columns(found: Layout, sizes: Sequence[int]) -> list[int]:
    """Whole columns; lines that are almost straight are made so."""
    at = [int(x + 0.5) for x in found.centre]
    for _ in range(3):
        for chain in found.chains.values():
            for a, b in pairwise(chain):
                if a != b and 0 < abs(at[a] - at[b]) <= 3:
                    for place, goal in ((b, at[a]), (a, at[b])):
                        if _free(found, at, sizes, place, goal):
                            at[place] = goal
                            break
    left = min((at[p] - _half(sizes, p) for p in range(len(at))), default=0)
    return [column - left for column in at]


def _free(found: Layout, at: Sequence[int], sizes: Sequence[int], place: int, goal: int) -> bool:
    """Whether a place can move there without coming too near to its neighbours or bending other lines."""
    straight = [
        q
        for chain in found.chains.values()
        for p, q in [*pairwise(chain), *pairwise(chain[::-1])]
        if p == place and at[q] == at[place]
    ]
    if straight:
        return False
    layer = found.layers[found.layer_of[place]]
    i = layer.index(place)

    def span(p: int, centre: int) -> tuple[int, int]:
        left = centre - _half(sizes, p)
        return left, left + (sizes[p] if p < len(sizes) else 1)

    low, high = span(place, goal)
    if i and span(layer[i - 1], at[layer[i - 1]])[1] + GAP > low:
        return False
    return i + 1 >= len(layer) or high + GAP <= span(layer[i + 1], at[layer[i + 1]])[0]


def _between(
    found: Layout,
    at: Sequence[int],
    kinds: Mapping[tuple[int, int], str],
    depth: int,
    right: int,
    ascii: bool,
) -> _Canvas:
    """The lines from one layer to the next."""
    ends: dict[int, dict[int, bool]] = {}  # place above -> place below -> order only
    for edge, chain in found.chains.items():
        for a, b in pairwise(chain):
            if found.layer_of[a] == depth:
                below = ends.setdefault(a, {})
                below[b] = below.get(b, True) and kinds[edge] == ORDER
    wires = [Wire(at[a], tuple(sorted({at[b] for b in below}))) for a, below in sorted(ends.items())]
    rows = tracks(wires)
    canvas = _Canvas(right, max(rows, default=0) + 1, ascii)
    for (_, below), wire, row in zip(sorted(ends.items()), wires, rows, strict=True):
        dashed = {at[b]: only for b, only in below.items()}
        canvas.wire(wire, row, dashed)
    return canvas


class _Canvas:
    """Cells that know which ways lines leave them."""

    def __init__(self, width: int, height: int, ascii: bool) -> None:
        self.width, self.height, self.ascii = width, height, ascii
        self.ways: dict[tuple[int, int], int] = {}
        self.solid: set[tuple[int, int]] = set()
        self.labels: list[tuple[int, Label]] = []

    def label(self, column: int, label: Label) -> None:
        self.labels.append((column, label))

    def line(self, column: int, row: int, ways: int, dashed: bool) -> None:
        self.ways[column, row] = self.ways.get((column, row), 0) | ways
        if not dashed:
            self.solid.add((column, row))

    def wire(self, wire: Wire, row: int, dashed: Mapping[int, bool]) -> None:
        """Down from the source, along the row, down to each target."""
        every = all(dashed.values())
        for r in range(row):
            self.line(wire.source, r, UP | DOWN, every)
        self.line(wire.source, row, UP, every)
        low, high = min(wire.source, *wire.targets), max(wire.source, *wire.targets)
        for column in range(low, high):
            beyond = [t for t in wire.targets if (t > column if column >= wire.source else t <= column)]
            only = all(dashed[t] for t in beyond)
            self.line(column, row, RIGHT, only)
            self.line(column + 1, row, LEFT, only)
        for target in wire.targets:
            self.line(target, row, DOWN, dashed[target])
            for r in range(row + 1, self.height):
                self.line(target, r, UP | DOWN, dashed[target])

    def lines(self, style: Style) -> list[str]:
        return [self._row(row, style) for row in range(self.height)]

    def _row(self, row: int, style: Style) -> str:
        text, column = "", 0
        labels = sorted(self.labels) if row == 0 else []
        while column < self.width:
            if labels and labels[0][0] == column:
                label = labels.pop(0)[1]
                painted = [style(label.mark, label.colour), style(label.name, "bold")]
                text += " ".join([*painted, *([label.more] if label.more else [])])
                column += cells(label.text)
                continue
            text += self._cell(column, row)
            column += 1
        return text.rstrip()

    def _cell(self, column: int, row: int) -> str:
        ways = self.ways.get((column, row))
        if not ways:
            return " "
        char = _LINES[ways]
        if (column, row) not in self.solid:
            char = _DASHED.get(char, char)
        return _ASCII.get(char, "+") if self.ascii else char


# ---- listed --------------------------------------------------------------------------------------


def _listed(drawing: Drawing, width: int | None, style: Style, ascii: bool) -> list[str]:
    """A line a step, by layer, with what it needs."""
    index = {node.name: i for i, node in enumerate(drawing.nodes)}
    depth = [0] * len(drawing.nodes)
    needs: dict[str, list[str]] = {}
    for link in drawing.links:
        needs.setdefault(link.target, []).append(link.source)
    for i, node in enumerate(drawing.nodes):
        depth[i] = 1 + max((depth[index[n]] for n in needs.get(node.name, ())), default=-1)
    labels = [_label(node, ascii) for node in drawing.nodes]
    limit = None if width is None else max(width // 2, 16)
    names = max(cells(label.name) for label in labels)
    names = names if limit is None else min(names, limit)
    digits = max(len(str(max(depth))), 5)
    lines, before = [style(pad("layer", digits, right=True) + "  step", "dim")], -1
    arrow = "<-" if ascii else "←"
    for i in sorted(range(len(labels)), key=lambda i: depth[i]):
        node, label = drawing.nodes[i], labels[i]
        mine = needs.get(node.name, [])
        after = f"{arrow} {some(mine, 4)}" if mine else ""
        took = duration(node.seconds) if node.seconds else ""
        rest = "  ".join(part for part in (label.more, took, after) if part)
        layer = pad(str(depth[i]) if depth[i] != before else "", digits, right=True)
        before = depth[i]
        room = None if width is None else width - digits - names - 6
        shown = pad(clip_middle(label.name, names), names)
        line = f"{style(layer, 'dim')}  {style(label.mark, label.colour)} {shown}  {clip(rest, room)}"
        lines.append(line.rstrip())
    return lines
