"""Where every value stands: files, nodes, and paths to places (standard library only)."""

from __future__ import annotations

import os
import re
from typing import Any, TypeAlias

from ..errors import Place

NEWLINE = re.compile(r"\r\n|\r|\n")
Path: TypeAlias = tuple[str | int, ...]


class SourceFile:
    """One text and what to call it."""

    __slots__ = ("lines", "name", "path")

    def __init__(self, name: str, text: str, path: str = "") -> None:
        self.name = name
        self.path = path or name
        self.lines = NEWLINE.split(text)

    def place(self, line: int, column: int) -> Place:
        """Of a position counted from 0."""
        text = self.lines[line] if line < len(self.lines) else ""
        if not text and line == len(self.lines) - 1 > 0:  # behind the last newline: show the last line
            line, text = line - 1, self.lines[line - 1]
            column = len(text)
        return Place(self.name, line + 1, column + 1, text)


class Node:
    """A value with its place. ``children`` of a mapping: key -> (key node, value node)."""

    __slots__ = ("children", "column", "data", "line", "source")

    def __init__(self, data: Any, children: Any, source: SourceFile, line: int, column: int) -> None:
        self.data = data
        self.children: Any = children
        self.source = source
        self.line = line
        self.column = column

    @property
    def place(self) -> Place:
        return self.source.place(self.line, self.column)


def shown_name(path: str) -> str:
    """A file as its user would name it: relative to the working folder when below it."""
    try:
        relative = os.path.relpath(path)
    except ValueError:  # another drive
        return path
    return path if relative.startswith(os.pardir) else relative


class SourceMap:
    """Where each value of the pipeline stands; with includes over several files."""

    def __init__(self, root: Node) -> None:
        self.root = root

    def node(self, path: Path, key: bool = False) -> tuple[Node, bool]:
        """The node at a path, or the nearest known one above it; and whether it is the path's own."""
        node, name = self.root, None
        for part in path:
            found = _child(node, part)
            if found is None:
                return (node if name is None or node.children is None else name), False
            name, node = found
        return (name if key and name is not None else node), True

    def place(self, path: Path, key: bool = False) -> Place | None:
        """The place of a value, or of its key; else that of the nearest known one above it."""
        return self.node(path, key)[0].place

    def within(self, path: Path, offset: int) -> Place | None:
        """The place of a character inside a text value, where the text stands in one line as it is."""
        node, own = self.node(path)
        place = node.place
        if not own or not isinstance(node.data, str):
            return place
        start = place.column - 1
        quoted = place.text[start : start + 1] in {"'", '"'}
        start += quoted
        if not place.text.startswith(node.data, start):
            return place
        return place._replace(column=start + offset + 1)


def _child(node: Node, part: str | int) -> tuple[Node | None, Node] | None:
    children = node.children
    if isinstance(children, dict):
        return children.get(part) if isinstance(part, str) else None
    if isinstance(children, list) and isinstance(part, int) and 0 <= part < len(children):
        return None, children[part]
    return None
