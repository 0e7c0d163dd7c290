"""A pipeline as one SVG file that needs nothing else: no Graphviz, no fonts, no scripts.

It follows the viewer's light or dark scheme. All of the user's text is escaped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..text import cells, clip_middle
from .drawing import ITEMS, ORDER, Drawing, Node, about_words, count_words
from .layout import Layout, layout

NAME_SIZE, SMALL_SIZE = 14, 11.5
NAME_CELL, SMALL_CELL = 8.8, 6.4  # what a column takes, generously: fonts differ
HEIGHT, DEEP = 46, 50  # of a box, and between two layers
GAP, MARGIN = 30, 24
WIDEST_NAME = 40  # columns
STACK = 4  # how far the boxes behind a fan-out stand out
COLOURS = {
    "succeeded": ("#1a7f37", "#3fb950"), "reused": ("#0a7ea4", "#39c5cf"), "failed": ("#cf222e", "#f85149"),
    "blocked": ("#9a6700", "#d29922"), "cancelled": ("#9a6700", "#d29922"),
    "skipped": ("#8c959f", "#6e7681"), "": ("#afb8c1", "#484f58"),
}  # fmt: skip
MARKS = {
    "succeeded": "M-4.5 .5 L-1.5 3.5 L4.5 -3.5", "failed": "M-3.5 -3.5 L3.5 3.5 M3.5 -3.5 L-3.5 3.5",
    "reused": "M-4 -2 L4 -2 M-4 2 L4 2", "blocked": "M0 -4 L0 1 M0 3.6 L0 4", "skipped": "M-4 0 L4 0",
    "cancelled": "M-4 0 L4 0",
}  # fmt: skip
_BASE = """
  .paper{fill:#fff} .box{fill:#f6f8fa;stroke:#d0d7de} .back{fill:#eaeef2;stroke:#d0d7de}
  .name{fill:#1f2328;font-weight:600} .small{fill:#57606a} .title{fill:#1f2328;font-weight:600}
  .link{fill:none;stroke:#8c959f;stroke-width:1.5} .head{fill:#8c959f}
  .order{stroke-dasharray:4 4} .items{stroke-width:3;stroke-opacity:.65}
  .badge{fill:#ddf4ff} .many{fill:#0550ae;font-weight:600} .mark{fill:none;stroke-width:2;stroke:#fff;
  stroke-linecap:round;stroke-linejoin:round}
"""
_DARK = """
  .paper{fill:#0d1117} .box{fill:#161b22;stroke:#30363d} .back{fill:#21262d;stroke:#30363d}
  .name,.title{fill:#e6edf3} .small{fill:#8d96a0} .link{stroke:#6e7681} .head{fill:#6e7681}
  .badge{fill:#12243d} .many{fill:#79c0ff} .mark{stroke:#0d1117}
"""


def svg(drawing: Drawing) -> str:
    """The whole file."""
    nodes = drawing.nodes
    index = {node.name: i for i, node in enumerate(nodes)}
    kinds = {(index[e.source], index[e.target]): e.kind for e in drawing.links}
    widths = [_width(node) for node in nodes]
    found = layout(len(nodes), list(kinds), lambda p: widths[p] if p < len(widths) else 2, GAP)
    top = MARGIN + 34
    head = MARGIN * 2 + max(
        cells(drawing.title) * NAME_CELL * 1.15, cells(drawing.about) * SMALL_CELL, _legend_width(drawing)
    )
    picture = max((found.centre[p] + widths[p] / 2 for p in range(len(nodes))), default=0.0)
    inner = max((found.centre[p] for p in range(len(found.centre))), default=0.0)
    across = max(picture, inner) + 2 * MARGIN
    shift = MARGIN + max(head - across, 0) / 2
    across = max(across, head)
    rows = len(found.layers)
    legend = _legend(drawing, MARGIN, top + 22 + rows * HEIGHT + max(rows - 1, 0) * DEEP + 34)
    high = top + 22 + rows * HEIGHT + max(rows - 1, 0) * DEEP + MARGIN + (26 if legend else 0)
    place = _Places(found, widths, shift, top + 22)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {across:.0f} {high:.0f}" '
        f'width="{across:.0f}" height="{high:.0f}" role="img" '
        'font-family="system-ui,-apple-system,Segoe UI,Roboto,Helvetica,Arial,sans-serif">',
        f"<title>{escape(drawing.title)}</title>",
        f"<style>{_css()}</style>",
        f'<rect class="paper" width="{across:.0f}" height="{high:.0f}" rx="8"/>',
        f'<text class="title" x="{MARGIN}" y="{MARGIN + 12}" font-size="16">{escape(drawing.title)}</text>',
        f'<text class="small" x="{MARGIN}" y="{MARGIN + 32}" '
        f'font-size="{SMALL_SIZE}">{escape(drawing.about)}</text>',
    ]
    parts += [_link(chain, kinds[edge], place) for edge, chain in sorted(place.found.chains.items())]
    parts += [_node(node, place.centre(i), place.y(i), widths[i]) for i, node in enumerate(nodes)]
    return "\n".join([*parts, *legend, "</svg>"]) + "\n"


def escape(text: str) -> str:
    """Text of somebody else inside of XML; characters that XML forbids become ``?``."""
    clean = "".join(c if c in "\t\n" or (c.isprintable() and not _forbidden(c)) else "?" for c in text)
    for char, name in (("&", "amp"), ("<", "lt"), (">", "gt"), ('"', "quot"), ("'", "#39")):
        clean = clean.replace(char, f"&{name};")
    return clean


def _forbidden(char: str) -> bool:
    return "\ud800" <= char <= "\udfff" or char in "\ufffe\uffff"


def _css() -> str:
    light = "".join(f".{_class(s)}{{fill:{c[0]}}}" for s, c in COLOURS.items())
    dark = "".join(f".{_class(s)}{{fill:{c[1]}}}" for s, c in COLOURS.items())
    return f"{_BASE}{light}\n  @media (prefers-color-scheme: dark){{{_DARK}{dark}}}"


def _class(state: str) -> str:
    return f"s-{state or 'none'}"


def _name(node: Node) -> str:
    return clip_middle(node.name, WIDEST_NAME)


def _width(node: Node) -> float:
    badge = _badge_width(node)
    top = 40 + cells(_name(node)) * NAME_CELL + (badge + 8 if badge else 0) + 12
    under = 40 + cells(about_words(node)) * SMALL_CELL + 12
    return max(top, under, 110.0)


def _badge_width(node: Node) -> float:
    words = count_words(node)
    return cells(words) * 7.2 + 12 if words else 0.0


class _Places:
    """Where things stand on the paper, and at which point of a box its lines end."""

    def __init__(self, found: Layout, widths: Sequence[float], left: float, top: float) -> None:
        self.found, self.widths, self.left, self.top = found, widths, left, top
        into: dict[int, list[tuple[float, int]]] = {}
        out: dict[int, list[tuple[float, int]]] = {}
        for chain in found.chains.values():
            out.setdefault(chain[0], []).append((found.centre[chain[1]], chain[1]))
            into.setdefault(chain[-1], []).append((found.centre[chain[-2]], chain[-2]))
        self._out = {n: self._spread(n, ends) for n, ends in out.items()}
        self._into = {n: self._spread(n, ends) for n, ends in into.items()}

    def _spread(self, node: int, ends: list[tuple[float, int]]) -> Mapping[int, float]:
        """The ends of a box's lines along its side, in the order in which they come."""
        room = self.widths[node] * 0.6
        apart = min(18.0, room / max(len(ends) - 1, 1))
        start = -apart * (len(ends) - 1) / 2
        return {other: start + i * apart for i, (_, other) in enumerate(sorted(ends))}

    def centre(self, place: int) -> float:
        return self.left + self.found.centre[place]

    def y(self, place: int) -> float:
        return self.top + self.found.layer_of[place] * (HEIGHT + DEEP)

    def leaves(self, node: int, towards: int) -> float:
        return self.centre(node) + self._out[node][towards]

    def enters(self, node: int, since: int) -> float:
        return self.centre(node) + self._into[node][since]


def _link(chain: Sequence[int], kind: str, place: _Places) -> str:
    """A line that leaves and enters everything upright."""
    x, y = place.leaves(chain[0], chain[1]), place.y(chain[0]) + HEIGHT
    path = f"M{x:.1f} {y:.1f}"
    for p in chain[1:-1]:
        to_x, to_y = place.centre(p), place.y(p)
        path += f" {_bow(x, y, to_x, to_y)} V{to_y + HEIGHT:.1f}"
        x, y = to_x, to_y + HEIGHT
    last_x, last_y = place.enters(chain[-1], chain[-2]), place.y(chain[-1])
    path += f" {_bow(x, y, last_x, last_y - 7)}"
    kinds = {ORDER: " order", ITEMS: " items"}.get(kind, "")
    tip = f"M{last_x - 4.5:.1f} {last_y - 8:.1f} h9 l-4.5 8 z"
    return f'<path class="link{kinds}" d="{path}"/><path class="head" d="{tip}"/>'


def _bow(x: float, y: float, to_x: float, to_y: float) -> str:
    if abs(x - to_x) < 0.05:
        return f"V{to_y:.1f}"
    middle = (y + to_y) / 2
    return f"C{x:.1f} {middle:.1f} {to_x:.1f} {middle:.1f} {to_x:.1f} {to_y:.1f}"


def _node(node: Node, centre: float, y: float, width: float) -> str:
    x = centre - width / 2
    parts = [f"<g><title>{escape(node.tip or node.name)}</title>"]
    if node.fanout:
        for n in (2, 1):
            parts.append(
                f'<rect class="back" x="{x + n * STACK:.1f}" y="{y + n * STACK:.1f}" width="{width:.1f}" '
                f'height="{HEIGHT}" rx="7"/>'
            )
    parts.append(f'<rect class="box" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{HEIGHT}" rx="7"/>')
    under = about_words(node)
    base = y + (20 if under else 28)
    parts.append(_mark(node, x + 21, y + HEIGHT / 2))
    parts.append(
        f'<text class="name" x="{x + 40:.1f}" y="{base:.1f}" '
        f'font-size="{NAME_SIZE}">{escape(_name(node))}</text>'
    )
    badge = _badge_width(node)
    if badge:
        left = x + width - badge - 9
        parts.append(
            f'<rect class="badge" x="{left:.1f}" y="{base - 12.5:.1f}" width="{badge:.1f}" '
            'height="16" rx="8"/>'
            f'<text class="many" x="{left + badge / 2:.1f}" y="{base:.1f}" font-size="{SMALL_SIZE}" '
            f'text-anchor="middle">{escape(count_words(node))}</text>'
        )
    if under:
        parts.append(
            f'<text class="small" x="{x + 40:.1f}" y="{y + 36:.1f}" '
            f'font-size="{SMALL_SIZE}">{escape(under)}</text>'
        )
    return "".join([*parts, _share(node, x, y, width), "</g>"])


def _mark(node: Node, x: float, y: float, size: float = 10) -> str:
    drawn = MARKS.get(node.state)
    disc = f'<circle class="{_class(node.state)}" cx="{x:.1f}" cy="{y:.1f}" r="{size:.1f}"/>'
    if not drawn:
        return disc
    turn = f"translate({x:.1f} {y:.1f}) scale({size / 10:.2f})"
    return f'{disc}<path class="mark" transform="{turn}" d="{drawn}"/>'


def _share(node: Node, x: float, y: float, width: float) -> str:
    """A thin bar: which part of a fan-out's items ended how."""
    counts = {state: n for state, n in node.states.items() if n}
    if not node.fanout or len(counts) < 2:
        return ""
    total, at, room = sum(counts.values()), x + 8, width - 16
    bar = ""
    for state, n in counts.items():
        part = room * n / total
        bar += (
            f'<rect class="{_class(state)}" x="{at:.1f}" y="{y + HEIGHT - 4:.1f}" '
            f'width="{part:.1f}" height="3"/>'
        )
        at += part
    return bar


def _legend_items(drawing: Drawing) -> list[tuple[str, str]]:
    seen = dict.fromkeys(state for n in drawing.nodes for state in (n.state, *n.states) if state)
    words = {"succeeded": "run"}
    items = [(state, words.get(state, state)) for state in COLOURS if state and state in seen]
    kinds = {link.kind for link in drawing.links}
    items += [("link items", "item by item")] if ITEMS in kinds else []
    return items + ([("link order", "order only")] if ORDER in kinds else [])


def _legend_width(drawing: Drawing) -> float:
    return sum(cells(word) * SMALL_CELL + 42 for _, word in _legend_items(drawing))


def _legend(drawing: Drawing, x: float, y: float) -> list[str]:
    parts = []
    for kind, word in _legend_items(drawing):
        if kind.startswith("link"):
            parts.append(f'<path class="{kind}" d="M{x:.1f} {y - 4:.1f} h20"/>')
        else:
            parts.append(_mark(Node(word, state=kind), x + 12, y - 4, 6))
        parts.append(
            f'<text class="small" x="{x + 25:.1f}" y="{y:.1f}" font-size="{SMALL_SIZE}">{escape(word)}</text>'
        )
        x += cells(word) * SMALL_CELL + 42
    return parts
