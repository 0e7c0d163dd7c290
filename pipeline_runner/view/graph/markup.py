"""A pipeline for those that draw themselves: Mermaid (GitHub, GitLab, notebooks) and Graphviz's DOT."""

from __future__ import annotations

from ..text import one_line
from .drawing import ITEMS, ORDER, Drawing, Node, about_words, count_words

FILLS = {
    "succeeded": ("#dafbe1", "#1a7f37"), "reused": ("#d5f5f8", "#0a7ea4"), "failed": ("#ffebe9", "#cf222e"),
    "blocked": ("#fff8c5", "#9a6700"), "cancelled": ("#fff8c5", "#9a6700"), "skipped": ("#f6f8fa", "#8c959f"),
}  # fmt: skip


def mermaid(drawing: Drawing) -> str:
    """A flowchart."""
    ids = {node.name: f"s{i}" for i, node in enumerate(drawing.nodes)}
    lines = ["---", f"title: {_yaml(drawing.title)}", "---", "flowchart TD"]
    for node in drawing.nodes:
        opening, closing = ("[[", "]]") if node.fanout else ("[", "]")
        label = "<br/>".join(_mermaid_text(part) for part in _label(node))
        state = f":::{node.state}" if node.state in FILLS else ""
        lines.append(f'  {ids[node.name]}{opening}"{label}"{closing}{state}')
    arrows = {ORDER: "-.->", ITEMS: "==>"}
    for link in drawing.links:
        lines.append(f"  {ids[link.source]} {arrows.get(link.kind, '-->')} {ids[link.target]}")
    for state in dict.fromkeys(node.state for node in drawing.nodes if node.state in FILLS):
        fill, stroke = FILLS[state]
        lines.append(f"  classDef {state} fill:{fill},stroke:{stroke},color:#1f2328")
    return "\n".join(lines) + "\n"


def dot(drawing: Drawing) -> str:
    """A digraph."""
    lines = [
        f"digraph {_quoted(drawing.title)} {{",
        '  node [shape=box, style="rounded,filled", fillcolor="#f6f8fa", color="#8c959f"];',
        '  edge [color="#8c959f"];',
    ]
    for node in drawing.nodes:
        more = [f"label={_quoted(chr(10).join(_label(node)))}"]
        if node.fanout:
            more.append("peripheries=2")
        if node.state in FILLS:
            fill, stroke = FILLS[node.state]
            more.append(f'fillcolor="{fill}", color="{stroke}"')
        if node.tip:
            more.append(f"tooltip={_quoted(node.tip)}")
        lines.append(f"  {_quoted(node.name)} [{', '.join(more)}];")
    styles = {ORDER: " [style=dashed]", ITEMS: " [penwidth=2.5]"}
    for link in drawing.links:
        lines.append(f"  {_quoted(link.source)} -> {_quoted(link.target)}{styles.get(link.kind, '')};")
    return "\n".join([*lines, "}"]) + "\n"


def _label(node: Node) -> list[str]:
    name = " ".join(part for part in (node.name, count_words(node)) if part)
    about = about_words(node)
    return [name, about] if about else [name]


def _quoted(text: str) -> str:
    r"""DOT's quoted text. A backslash is doubled, or ``\N`` would be read as the node's name."""
    clean = "\n".join(one_line(line) for line in text.split("\n"))
    return '"' + clean.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _mermaid_text(text: str) -> str:
    """Mermaid knows its own entities: ``#quot;``. Markdown and HTML in a label would be drawn as such."""
    special = "#&<>\"'`*_[](){}|\\~"
    return "".join(f"#{ord(c)};" if c in special else c for c in one_line(text))


def _yaml(text: str) -> str:
    import json

    return json.dumps(one_line(text), ensure_ascii=False)
