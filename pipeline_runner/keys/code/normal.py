"""Normalised bytes of a syntax tree: what a definition says, without how it is written.

Positions, formatting and comments are not in a tree; ``pass``, statements that are a bare constant, and
docstrings are left out here. Docstrings and the annotations that normally nothing reads go to
sinks of their own, so that whoever finds a reader can count them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_SKIPPED_FIELDS = frozenset(["ctx", "type_comment", "kind", "type_ignores"])
_BODIES = frozenset(["body", "orelse", "finalbody"])
_COMPOUND_FIELDS = (*_BODIES, "handlers", "cases")
_ANNOTATED = frozenset([*FUNCTIONS, ast.ClassDef, ast.AnnAssign, ast.arg])
_WITH_HOLES = frozenset(["keys", "kw_defaults"])  # lists in which something may be missing


@cache
def _shape(cls: Any) -> tuple[str, tuple[str, ...]]:
    """The name of a kind of node, and its fields, last first."""
    return cls.__name__, tuple(f for f in reversed(cls._fields) if f not in _SKIPPED_FIELDS)


def constant(value: object) -> str:
    """A constant with its type: 1, 1.0, True and "1" differ."""
    if value.__class__ is str:
        return f"s{len(value)}:{value}"
    if value is None or isinstance(value, bool) or value is ...:
        return f"k{value}"
    if isinstance(value, int):
        return f"i{value:x}"
    if isinstance(value, float):
        return f"f{value.hex()}"
    if isinstance(value, bytes):
        return f"b{value.hex()}"
    return f"c{value!r}"


def is_noise(node: ast.AST) -> bool:
    """A statement that does nothing: ``pass``, ``...`` or a bare string."""
    return isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


def docstring(body: list[ast.stmt]) -> str | None:
    if body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        value = body[0].value.value
        return value if isinstance(value, str) else None
    return None


def read_annotations(body: Iterable[ast.AST]) -> Iterator[int]:
    """The ids of the nodes of a class body whose annotations something may read."""
    pending = list(body)
    while pending:
        node = pending.pop()
        if isinstance(node, (*FUNCTIONS, ast.AnnAssign)):
            yield id(node)
        elif not isinstance(node, ast.ClassDef):
            for field in _COMPOUND_FIELDS:
                pending.extend(getattr(node, field, ()))


class Normal:
    """Tokens of a tree (``core``), its docstrings (``docs``) and its unread annotations."""

    def __init__(self, node: ast.AST) -> None:
        self.docs: list[str] = []
        self.annotations: list[str] = []
        self._read: set[int] = set()  # ids of nodes whose annotations count
        self._local: set[int] = set()  # ids of annotated assignments in functions: never evaluated
        self.core: list[str] = self._tokens(node)

    def _tokens(self, root: ast.AST) -> list[str]:
        out: list[str] = []
        stack: list[Any] = [root]
        pop, push, emit = stack.pop, stack.append, out.append
        while stack:
            item = pop()
            kind = item.__class__
            if kind is str:
                emit(item)
            elif kind is ast.Name:
                emit("Name")
                emit(item.id)
            elif kind is ast.Constant:
                emit(constant(item.value))
            elif kind is ast.Attribute:
                emit("Attribute")
                push(item.attr)
                push(item.value)
            else:
                name, fields = _shape(kind)
                emit(name)
                if fields:
                    self._inner(item, fields, self._skipped(item) if kind in _ANNOTATED else (), stack)
        return out

    def _inner(self, node: Any, fields: tuple[str, ...], skip: tuple[str, ...], stack: list[Any]) -> None:
        """Put what stands in a node on the stack, last first."""
        for field in fields:
            value: Any = getattr(node, field, None)
            kind = value.__class__
            if kind is list:
                if field in _BODIES:
                    value = [v for v in value if not is_noise(v)]
                elif field in _WITH_HOLES:
                    value = [v if v is not None else "-" for v in value]
                if value or field != "type_params":
                    stack += value[::-1]
                    stack.append(str(len(value)))
            elif value is None or field in skip:
                stack.append("-")
            elif kind is str or isinstance(value, ast.AST):
                stack.append(value)
            else:
                stack.append(constant(value))

    def _skipped(self, node: ast.AST) -> tuple[str, ...]:
        """The fields that don't count here: annotations that nothing reads go to their sink."""
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            return self._definition(node)
        if id(node) in self._read:
            return ()
        if isinstance(node, ast.AnnAssign) and id(node) not in self._local:
            self.annotations += ["=", *self._tokens(node.annotation)]
        return ("annotation",)

    def _definition(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> tuple[str, ...]:
        text = docstring(node.body)
        if text is not None:
            self.docs += [node.name, constant(text)]
        if isinstance(node, ast.ClassDef):
            self._read.update(read_annotations(node.body))
            return ()
        self._local.update(i for i in read_annotations(node.body))
        args = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        args += [a for a in (node.args.vararg, node.args.kwarg) if a]
        if node.decorator_list or id(node) in self._read:
            self._read.update(map(id, args))
            return ()
        for arg in args:
            if arg.annotation is not None:
                self.annotations += [arg.arg, *self._tokens(arg.annotation)]
        if node.returns is not None:
            self.annotations += ["->", *self._tokens(node.returns)]
        return ("returns",)


def to_bytes(tokens: list[str]) -> bytes:
    return "\0".join(tokens).encode("utf-8", "surrogatepass")
