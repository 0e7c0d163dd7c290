"""YAML read strictly, as YAML 1.2 core, with the place of every node.

The parser's events are bounded as they come, before anything is composed: no depth, no number of
nodes and no chain of aliases in a file can hurt. Nothing here recurses deeper than ``MAX_DEPTH``.
"""

from __future__ import annotations

import codecs
import copy
import re
from typing import Any, NamedTuple

import yaml

from ..errors import Place, Problem
from .source import NEWLINE, Node, SourceFile, SourceMap
from .yaml_errors import syntax_problem
from .yaml_scalars import NumberProblem, resolve

MAX_BYTES = 5 * 1024 * 1024
MAX_DEPTH = 100
MAX_NODES = 1_000_000
MAX_ALIASED = 100_000  # nodes that aliases repeat

__all__ = ["MAX_BYTES", "Node", "Parsed", "SourceFile", "SourceMap", "decode", "parse"]

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_ODD_BREAKS = re.compile("[\x85\u2028\u2029]")


class Parsed(NamedTuple):
    """What a text gave; ``root`` is None for an empty text or one that does not parse."""

    root: Node | None
    problems: tuple[Problem, ...]


def decode(data: bytes, name: str) -> tuple[str, tuple[Problem, ...]]:
    """The text of a file's bytes; not UTF-8 is a problem with its place."""
    if len(data) > MAX_BYTES:
        return "", (
            Problem(
                "yaml-too-large",
                "the file is larger than 5 MiB",
                Place(name, 1, 1),
                "keep data in files that steps read",
            ),
        )
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "", (Problem("encoding", "the file is UTF-16", Place(name, 1, 1), "save it as UTF-8"),)
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        return data.decode("utf-8"), ()
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        lines = NEWLINE.split(before)
        rest = NEWLINE.split(data[error.start :].decode("utf-8", "replace"))[0]
        place = Place(name, len(lines), len(lines[-1]) + 1, lines[-1] + rest)
        byte = data[error.start]
        return "", (
            Problem("encoding", f"the file is not UTF-8: byte 0x{byte:02x}", place, "save it as UTF-8"),
        )


def parse(text: str, source: SourceFile) -> Parsed:
    """Compose a text. All problems that leave the rest readable are collected."""
    odd = _ODD_BREAKS.search(text)
    if odd:
        lines = NEWLINE.split(text[: odd.start()])
        message = f"the character U+{ord(odd.group()):04X} is an invisible line break"
        hint = f'remove it, or write "\\u{ord(odd.group()):04x}" in double quotes'
        return Parsed(
            None, (Problem("yaml-character", message, source.place(len(lines) - 1, len(lines[-1])), hint),)
        )
    composer = _Composer(source)
    try:
        composer.read(text)
    except yaml.YAMLError as error:
        composer.problems.append(syntax_problem(error, text, source))
        return Parsed(None, tuple(composer.problems))
    except _Stop:
        return Parsed(None, tuple(composer.problems))
    return Parsed(composer.root, tuple(composer.problems))


class _Stop(Exception):
    """A bound was passed, or nothing sensible can follow."""


class _Open:
    """A collection that is being read."""

    __slots__ = ("anchor", "count", "key", "node")

    def __init__(self, node: Node, anchor: str | None, count: int) -> None:
        self.node = node
        self.anchor = anchor
        self.count = count  # nodes read before it
        self.key: Node | None = None  # of a mapping: the key whose value comes next


_BAD_KEY = object()


class _Composer:
    def __init__(self, source: SourceFile) -> None:
        self.source = source
        self.problems: list[Problem] = []
        self.root: Node | None = None
        self.stack: list[_Open] = []
        self.anchors: dict[str, tuple[Node, int] | None] = {}  # None: still being read
        self.count = 0
        self.aliased = 0

    def read(self, text: str) -> None:
        parser = _LOADER(text)
        try:
            while parser.check_event():
                self.event(parser.get_event())
        finally:
            parser.dispose()

    def event(self, event: Any) -> None:
        kind = type(event)
        if kind is yaml.ScalarEvent:
            self.scalar(event)
        elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
            self.open(event)
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            self.close()
        elif kind is yaml.AliasEvent:
            self.alias(event)
        elif kind is yaml.DocumentStartEvent:
            self.document(event)

    def report(self, code: str, message: str, mark: Any, hint: str = "") -> None:
        place = mark.place if isinstance(mark, Node) else self.source.place(mark.line, mark.column)
        self.problems.append(Problem(code, message, place, hint))

    def document(self, event: Any) -> None:
        mark = event.start_mark
        if self.root is not None:
            self.report("yaml-documents", "the file has a second document", mark, "remove '---'")
            raise _Stop
        if event.tags:
            self.report("yaml-tag", "tags are not supported", mark, "remove %TAG")
        if event.version and tuple(event.version) != (1, 2):
            self.report("yaml-version", "this file is read as YAML 1.2", mark, "remove %YAML")

    def new(self, data: Any, children: Any, event: Any) -> Node:
        self.count += 1
        if self.count > MAX_NODES:
            self.report("yaml-too-large", f"the file has more than {MAX_NODES} values", event.start_mark)
            raise _Stop
        mark = event.start_mark
        tag = getattr(event, "tag", None)
        if tag is not None:
            shown = tag.replace("tag:yaml.org,2002:", "!!")
            hint = "quote it" if isinstance(data, str) and not shown.startswith("!!") else "remove the tag"
            self.report("yaml-tag", f"tags are not supported: {shown[:60]}", mark, hint)
        return Node(data, children, self.source, mark.line, mark.column)

    def scalar(self, event: Any) -> None:
        value = event.value
        plain = event.style is None or event.style == ""
        if plain and event.tag is None and not self.is_merge(event):
            try:
                value = resolve(value)
            except NumberProblem as problem:
                self.report("yaml-number", str(problem), event.start_mark, "quote it")
        node = self.new(value, None, event)
        if event.anchor is not None:
            self.anchors[event.anchor] = (node, 1)
        self.add(node)

    def is_merge(self, event: Any) -> bool:
        if event.value != "<<" or not self.wants_key():
            return False
        self.report(
            "yaml-merge", "merge keys ('<<') are not supported", event.start_mark, "write the keys out"
        )
        return True

    def wants_key(self) -> bool:
        return bool(self.stack) and type(self.stack[-1].node.data) is dict and self.stack[-1].key is None

    def open(self, event: Any) -> None:
        if len(self.stack) >= MAX_DEPTH:
            self.report("yaml-too-deep", f"nested more than {MAX_DEPTH} levels deep", event.start_mark)
            raise _Stop
        count = self.count
        mapping = isinstance(event, yaml.MappingStartEvent)
        node = self.new({} if mapping else [], {} if mapping else [], event)
        if event.anchor is not None:
            self.anchors[event.anchor] = None
        self.stack.append(_Open(node, event.anchor, count))

    def close(self) -> None:
        opened = self.stack.pop()
        if opened.anchor is not None:
            self.anchors[opened.anchor] = (opened.node, self.count - opened.count)
        self.add(opened.node)

    def alias(self, event: Any) -> None:
        name = event.anchor
        if name not in self.anchors:
            hint = "quote it: a '*' at the start makes an alias"
            self.report("yaml-alias", f"nothing is anchored as '&{name}'", event.start_mark, hint)
            self.add(self.new(None, None, event))
            return
        known = self.anchors[name]
        if known is None:
            self.report("yaml-alias", f"'*{name}' stands inside what it repeats", event.start_mark)
            raise _Stop
        node, size = known
        self.count += size - 1
        self.aliased += size
        if self.aliased > MAX_ALIASED:
            self.report("yaml-aliases", f"aliases repeat more than {MAX_ALIASED} values", event.start_mark)
            raise _Stop
        data = copy.deepcopy(node.data) if node.children is not None else node.data
        self.add(self.new(data, node.children, event))

    def add(self, node: Node) -> None:
        if not self.stack:
            self.root = node
            return
        top = self.stack[-1]
        if type(top.node.data) is list:
            top.node.data.append(node.data)
            top.node.children.append(node)
        elif top.key is None:
            top.key = self.checked_key(node)
        else:
            key, top.key = top.key, None
            if key.data is not _BAD_KEY:
                self.pair(top.node, key, node)

    def checked_key(self, node: Node) -> Node:
        if isinstance(node.data, str):
            return node
        if node.children is not None:
            hint = 'quote it: "{{ ... }}"' if isinstance(node.data, dict) else "quote it"
            self.report("yaml-key", "a key must be text, not a list or a mapping", node, hint)
        else:
            shown = self.source.lines[node.line][node.column :].split(":")[0].strip() or "null"
            self.report(
                "yaml-key", f"a key must be text: {shown[:40]} is not", node, f'quote it: "{shown[:40]}"'
            )
        return Node(_BAD_KEY, None, node.source, node.line, node.column)

    def pair(self, mapping: Node, key: Node, value: Node) -> None:
        children = mapping.children
        name = key.data
        if name == "<<" and self.problems and self.problems[-1].code == "yaml-merge":
            return
        if name in children:
            first = children[name][0]
            self.report(
                "duplicate-key",
                f"the key '{name[:60]}' stands here twice",
                key,
                f"it was first given in line {first.line + 1}",
            )
            return
        mapping.data[name] = value.data
        children[name] = (key, value)
