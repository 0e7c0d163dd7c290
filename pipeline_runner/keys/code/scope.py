"""Names that a statement reads from its module, found by walking its scopes once.

A chain is a dotted name rooted in a global name: ``("np", "random", "rand")``. A chain rooted in an
import inside a function starts with "": ``("", level, module, name, *attributes)``.
Nothing recurses per nested expression: the walk keeps its own stack.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from .summary import Chain, Import

VALUE = 1  # used as a value, not only called
CALL = 2  # called while the module is imported
INNER = 32  # called when a function of the statement runs
HIDDEN = 64  # only noted as a call: not itself a name that is read
ANN = 4  # in an annotation that normally nothing reads
DECO = 8  # a decorator
NOW = 16  # read while the module is imported
TEST = 128  # only asked whether it is None, or true

# Attributes and strings whose mere mention tells what is read of the code around.
SPECIAL_NAMES = frozenset([
    "__doc__", "__annotations__", "__annotate__", "__subclasses__", "__globals__", "f_globals", "f_back",
    "__path__", "__loader__", "PYTHONPATH",
])  # fmt: skip


# Fields that never hold what is walked.
_FLAT = frozenset(["ctx", "op", "ops", "attr", "id", "level", "kind", "type_comment", "type_ignores"])


class Scope:
    """One scope while it is being walked."""

    __slots__ = ("bound", "functions", "globals", "kind", "loads", "outer", "parent", "through", "top")

    def __init__(self, kind: str, parent: Scope | None) -> None:
        self.kind = kind  # "module", "class", "function" or "comp"
        self.parent = parent
        self.top: bool = kind != "function" and (parent is None or parent.top)  # runs on import
        self.bound: dict[str, list[Chain]] = {}  # name -> what imports bind it to
        self.functions: set[str] = set()  # names bound by a ``def`` of this scope and by nothing else
        self.globals: set[str] = set()
        self.outer: set[str] = set()  # declared nonlocal
        self.loads: dict[tuple[Chain, int], None] = {}
        self.through: dict[
            tuple[Chain, int], None
        ] = {}  # from functions in a class: they don't see its names


class Enter:
    def __init__(self, scope: Scope) -> None:
        self.scope = scope


class Leave:
    pass


class Catch:
    """From here on (or no more) errors are caught; ``broad`` if those of imports are among them."""

    def __init__(self, step: int, broad: bool) -> None:
        self.step = step
        self.broad = broad


@cache
def _inner_fields(kind: Any) -> tuple[str, ...]:
    """The fields in which a kind of node may hold others, last first."""
    return tuple(f for f in reversed(kind._fields) if f not in _FLAT)


Handlers = dict[type, Callable[["Walk", Any], None]]


class Walk:
    """What one top-level statement binds, reads, imports and does."""

    def __init__(self, statement: ast.AST, handlers: Handlers) -> None:
        self._handlers = handlers
        self.refs: set[Chain] = set()
        self.values: set[Chain] = set()
        self.annotation_refs: set[Chain] = set()
        self.now: set[Chain] = set()  # read while the module is imported
        self.tested: set[Chain] = set()
        self.caught: list[Import] = []
        self.catching = 0  # how many statements around here catch errors
        self.catches = False  # one of them those of imports
        self.generates = False
        self.calls: list[Chain] = []
        self.inner_calls: set[Chain] = set()
        self.inner_does = False  # its functions change something that isn't theirs, or may
        self.decorators: list[Chain] = []
        self.imports_top: list[Import] = []
        self.imports_in: list[Import] = []
        self.binds: dict[str, list[Chain]] = {}
        self.global_writes: dict[str, list[Chain]] = {}
        self.dynamic: list[tuple[str, str, int]] = []  # kind, detail, line
        self.special: set[str] = set()
        self.members: dict[str, None] = {}  # names bound in class bodies
        self.texts: set[str] = set()
        self.paths: set[str] = set()
        self.annotated = False  # has annotations that count
        self.does = False  # certainly acts when it runs on import
        self.root = self.scope = Scope("module", None)
        self._stack: list[Any] = []
        self._read: set[int] = set()
        self._flags = 0
        self._run(statement)
        for chain, flags in self.root.loads:
            self._emit(chain, flags)
        self.binds = self.root.bound

    # the walk

    def _run(self, node: ast.AST) -> None:
        outer = self._stack
        stack = self._stack = [node]
        handlers, pop = self._handlers, stack.pop
        while stack:
            item = pop()
            handler = handlers.get(item.__class__)
            if handler is not None:
                handler(self, item)
            elif isinstance(item, ast.AST):
                self._children(item)
        self._stack = outer

    def _children(self, node: ast.AST) -> None:
        stack = self._stack
        kind: Any = node.__class__
        for field in _inner_fields(kind):
            value = getattr(node, field, None)
            if value.__class__ is list:
                stack += value[::-1]
            elif isinstance(value, ast.AST):
                stack.append(value)

    def note_import(self, level: int, module: str, names: tuple[str, ...] = ()) -> None:
        """An import that runs here."""
        found = (level, module, names)
        (self.imports_top if self.scope.top else self.imports_in).append(found)
        if self.catching:
            self.caught.append(found)

    def _push(self, nodes: Sequence[ast.AST | Enter | Leave | Catch | None]) -> None:
        self._stack += nodes[::-1]

    def _flagged(self, node: ast.AST, flag: int) -> None:
        before, self._flags = self._flags, self._flags | flag
        self._run(node)
        self._flags = before

    # names

    def _bind(self, name: str, target: Chain | None = None, function: bool = False) -> None:
        scope = self.scope
        if function and name not in scope.bound:
            scope.functions.add(name)
        else:
            scope.functions.discard(name)
        while name in scope.outer and scope.parent is not None:
            scope = scope.parent
        if name in scope.globals:
            self.does = self.does or scope.top
            targets = self.global_writes.setdefault(name, [])
        else:
            targets = scope.bound.setdefault(name, [])
        if target is not None:
            targets.append(target)

    def _load(self, chain: Chain, flags: int) -> None:
        if not SPECIAL_NAMES.isdisjoint(chain):
            self.special.update(SPECIAL_NAMES.intersection(chain))
        scope = self.scope
        scope.loads[chain, flags | self._flags | (NOW if scope.top else 0)] = None

    def _emit(self, chain: Chain, flags: int) -> None:
        if flags & CALL:
            self.calls.append(chain)
        if flags & INNER:
            self.inner_calls.add(chain)
        if flags & DECO:
            self.decorators.append(chain)
        if chain[0] == "?" or flags & HIDDEN:
            return
        if flags & NOW and not flags & ANN:
            self.now.add(chain)
        if flags & TEST:
            self.tested.add(chain)
            return
        (self.annotation_refs if flags & ANN else self.refs).add(chain)
        if flags & VALUE:
            self.values.add(chain)

    def leave(self) -> None:
        """End a scope: what it doesn't bind itself belongs to the scopes around it."""
        scope = self.scope
        parent = scope.parent
        assert parent is not None
        if scope.kind == "class":
            self.members.update(dict.fromkeys(scope.bound))
            for targets in scope.bound.values():  # attributes from here on: used in ways not seen here
                for target in targets:
                    self._emit(target, VALUE)
        outer = parent.through if parent.kind == "class" else parent.loads
        for chain, flags in scope.loads:
            root = chain[0]
            if root in scope.globals:
                self.root.loads[chain, flags] = None
                continue
            if root not in scope.bound or root in ("", "?"):
                outer[chain, flags] = None
                continue
            if not flags & HIDDEN:
                for target in scope.bound[root]:
                    self._emit((*target, *chain[1:]), flags & ~(CALL | INNER | DECO))
            if flags & (CALL | INNER | DECO) and (len(chain) > 1 or root not in scope.functions):
                self._emit(("?", *chain[-1:]) if len(chain) > 1 else ("?",), flags)
            if scope.kind == "class":  # may be unbound there as yet: then it is the module's
                outer[chain, flags & ~(CALL | INNER | DECO)] = None
        outer.update(scope.through)
        self.scope = parent
