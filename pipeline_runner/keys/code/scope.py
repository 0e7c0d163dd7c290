"""Names that a statement reads from its module, found by walking its scopes once.

A chain is a dotted name rooted in a global name: ``("np", "random", "rand")``. A chain rooted in an
import inside a function starts with "": ``("", level, module, name, *attributes)``.
Nothing recurses per nested expression: the walk keeps its own stack.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from typing import Any

from .normal import FUNCTIONS, read_annotations
from .special import LOOKUPS, SPECIAL_NAMES, import_request

Chain = tuple[str, ...]
Import = tuple[int, str, tuple[str, ...]]  # level, module, names ("*" for star; () for plain import)

VALUE = 1  # used as a value, not only called
CALL = 2  # called while the module is imported
ANN = 4  # in an annotation that normally nothing reads
DECO = 8  # a decorator
NOW = 16  # read while the module is imported

_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


class Scope:
    """One scope while it is being walked."""

    __slots__ = ("bound", "globals", "kind", "loads", "outer", "parent", "through", "top")

    def __init__(self, kind: str, parent: Scope | None) -> None:
        self.kind = kind  # "module", "class", "function" or "comp"
        self.parent = parent
        self.top: bool = kind != "function" and (parent is None or parent.top)  # runs on import
        self.bound: dict[str, list[Chain]] = {}  # name -> what imports bind it to
        self.globals: set[str] = set()
        self.outer: set[str] = set()  # declared nonlocal
        self.loads: list[tuple[Chain, int]] = []
        self.through: list[tuple[Chain, int]] = []  # from functions in a class: they don't see its names


class Enter:
    def __init__(self, scope: Scope) -> None:
        self.scope = scope


class Leave:
    pass


class Walk:
    """What one top-level statement binds, reads, imports and does."""

    def __init__(self, statement: ast.AST) -> None:
        self.refs: set[Chain] = set()
        self.values: set[Chain] = set()
        self.annotation_refs: set[Chain] = set()
        self.reads: set[str] = set()  # global names read while the module is imported
        self.calls: list[Chain] = []
        self.decorators: list[Chain] = []
        self.imports_top: list[Import] = []
        self.imports_in: list[Import] = []
        self.binds: dict[str, list[Chain]] = {}
        self.global_writes: dict[str, list[Chain]] = {}
        self.dynamic: list[tuple[str, str, int]] = []  # kind, detail, line
        self.special: set[str] = set()
        self.members: dict[str, None] = {}  # names bound in class bodies
        self.does = False  # certainly acts when it runs on import
        self.root = self.scope = Scope("module", None)
        self._read: set[int] = set()
        self._flags = 0
        self._run(statement)
        for chain, flags in self.root.loads:
            self._emit(chain, flags)
        self.binds = self.root.bound

    # the walk

    def _run(self, node: ast.AST) -> None:
        outer = getattr(self, "_stack", None)
        self._stack: list[Any] = [node]
        while self._stack:
            item = self._stack.pop()
            handler = _HANDLERS.get(item.__class__)
            if handler is None:
                self._children(item)
            else:
                handler(self, item)
        if outer is not None:
            self._stack = outer

    def _children(self, node: ast.AST) -> None:
        self._push(ast.iter_child_nodes(node))

    def _push(self, nodes: Iterable[ast.AST | Enter | Leave | None]) -> None:
        self._stack.extend(n for n in reversed(list(nodes)) if n is not None)

    def _flagged(self, node: ast.AST, flag: int) -> None:
        before, self._flags = self._flags, self._flags | flag
        self._run(node)
        self._flags = before

    # names

    def _bind(self, name: str, target: Chain | None = None) -> None:
        scope = self.scope
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
        self.special.update(SPECIAL_NAMES.intersection(chain))
        self.scope.loads.append((chain, flags | self._flags | (NOW if self.scope.top else 0)))

    def _emit(self, chain: Chain, flags: int) -> None:
        if chain[0] == "?":
            if flags & CALL:
                self.calls.append(chain)
            if flags & DECO:
                self.decorators.append(chain)
            return
        (self.annotation_refs if flags & ANN else self.refs).add(chain)
        if flags & VALUE:
            self.values.add(chain)
        if flags & NOW and not flags & ANN:
            self.reads.add(chain[0])
        if flags & CALL:
            self.calls.append(chain)
        if flags & DECO:
            self.decorators.append(chain)

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
                self.root.loads.append((chain, flags))
                continue
            if root not in scope.bound or root in ("", "?"):
                outer.append((chain, flags))
                continue
            for target in scope.bound[root]:
                self._emit((*target, *chain[1:]), flags & ~CALL)
            if flags & (CALL | DECO):
                self._emit(("?", *chain[1:]), flags)
            if scope.kind == "class":  # may be unbound there as yet: then it is the module's
                outer.append((chain, flags & ~CALL))
        outer.extend(scope.through)
        self.scope = parent


def _name(w: Walk, node: ast.Name) -> None:
    if isinstance(node.ctx, ast.Load):
        w._load((node.id,), VALUE)
    else:
        w._bind(node.id)


def chain_of(node: ast.AST) -> tuple[Chain | None, ast.AST]:
    """The dotted name that an expression is, or None and the expression at its root."""
    attributes: list[str] = []
    while isinstance(node, ast.Attribute):
        attributes.append(node.attr)
        node = node.value
    if isinstance(node, ast.Name):
        return (node.id, *reversed(attributes)), node
    if isinstance(node, ast.Call):
        request = import_request(node)
        if request is not None and request[0] == "literal":
            return ("", "0", request[1], "", *reversed(attributes)), node
    return None, node


def _attribute(w: Walk, node: ast.Attribute) -> None:
    if not isinstance(node.ctx, ast.Load) and w.scope.top:
        w.does = True
    chain, root = chain_of(node)
    w.special.update(SPECIAL_NAMES.intersection([node.attr]))
    if chain is None or isinstance(root, ast.Call):
        inner: ast.AST = node
        while isinstance(inner, ast.Attribute):
            w.special.update(SPECIAL_NAMES.intersection([inner.attr]))
            inner = inner.value
        if chain is not None:
            _import_now(w, chain)
            w._load(chain, VALUE)
        else:
            w._push([inner])
    else:
        w._load(chain, VALUE)


def _import_now(w: Walk, chain: Chain) -> None:
    (w.imports_top if w.scope.top else w.imports_in).append((0, chain[2], ()))


def _subscript(w: Walk, node: ast.Subscript) -> None:
    if not isinstance(node.ctx, ast.Load) and w.scope.top:
        w.does = True
    chain, _ = chain_of(node.value)
    if chain is not None and chain[-2:] == ("sys", "modules"):
        if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
            w._load(("", "0", node.slice.value, ""), VALUE)
            return
        if isinstance(node.slice, ast.Name) and node.slice.id == "__name__":
            w.dynamic.append(("module", "sys.modules[__name__]", node.lineno))
            return
    w._children(node)


def _call(w: Walk, node: ast.Call) -> None:
    request = import_request(node)
    if request is not None:
        kind, text = request
        if kind == "literal":
            chain: Chain = ("", "0", text, "")
            _import_now(w, chain)
            w._load(chain, VALUE)
        else:
            w.dynamic.append((kind, text, node.lineno))
        w._push([*node.args[1:], *node.keywords] if kind == "literal" else [*node.args, *node.keywords])
        return
    chain_, root = chain_of(node.func)
    if chain_ is not None and not isinstance(root, ast.Call):
        if len(chain_) == 1 and chain_[0] in LOOKUPS and LOOKUPS[chain_[0]](w, node):
            return
        w._load(chain_, CALL if w.scope.top else 0)
        w._push([*node.args, *node.keywords])
        return
    if w.scope.top:
        w._load(_odd_call(node.func), CALL)
    w._push([node.func, *node.args, *node.keywords])


def _odd_call(func: ast.AST) -> Chain:
    """What is called where it isn't a plain dotted name."""
    if isinstance(func, ast.Subscript):  # Generic[int](...)
        chain, _ = chain_of(func.value)
        return chain or ("?",)
    if isinstance(func, ast.Attribute):
        _, root = chain_of(func)
        if isinstance(root, (ast.Call, ast.Constant, ast.JoinedStr, ast.List, ast.Dict, ast.Tuple, ast.Set)):
            return ("?", "()", func.attr)  # a method of something made here
        return ("?", func.attr)
    return ("?",)


def _function(w: Walk, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    w._bind(node.name)
    _decorate(w, node.decorator_list)
    inner = Scope("function", w.scope)
    args = node.args
    named = [*args.posonlyargs, *args.args, *args.kwonlyargs, *(a for a in (args.vararg, args.kwarg) if a)]
    for arg in named:
        inner.bound[arg.arg] = []
    for parameter in getattr(node, "type_params", ()):
        inner.bound[parameter.name] = []
    flag = 0 if node.decorator_list or id(node) in w._read else ANN
    for annotation in [*(a.annotation for a in named), node.returns]:
        if annotation is not None:
            _annotation(w, annotation, flag)
    w._push([*args.defaults, *args.kw_defaults, Enter(inner), *node.body, Leave()])


def _decorate(w: Walk, decorators: list[ast.expr]) -> None:
    for node in decorators:
        called = node.func if isinstance(node, ast.Call) else node
        chain, root = chain_of(called)
        plain = chain is not None and not isinstance(root, ast.Call)
        name = chain if chain is not None and plain else _odd_call(called)
        w._load(name, DECO | (CALL if w.scope.top else 0))
    w._push(decorators)


def _annotation(w: Walk, node: ast.AST, flag: int) -> None:
    w._flagged(node, flag)
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            try:
                parsed = ast.parse(part.value.strip(), mode="eval")
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                continue
            w._flagged(parsed.body, flag)


def _lambda(w: Walk, node: ast.Lambda) -> None:
    inner = Scope("function", w.scope)
    args = node.args
    for arg in [*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg]:
        if arg is not None:
            inner.bound[arg.arg] = []
    w._push([*args.defaults, *args.kw_defaults, Enter(inner), node.body, Leave()])


def _class(w: Walk, node: ast.ClassDef) -> None:
    w._bind(node.name)
    _decorate(w, node.decorator_list)
    w._read.update(read_annotations(node.body))
    inner = Scope("class", w.scope)
    for parameter in getattr(node, "type_params", ()):
        inner.bound[parameter.name] = []
    w._push([*node.bases, *node.keywords, Enter(inner), *node.body, Leave()])


def _comprehension(w: Walk, node: Any) -> None:
    first, *others = node.generators
    inner = Scope("comp", w.scope)
    parts: list[Any] = [first.iter, Enter(inner), first.target, *first.ifs]
    for generator in others:
        parts += [generator.iter, generator.target, *generator.ifs]
    parts += [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
    w._push([*parts, Leave()])


def _import(w: Walk, node: ast.Import) -> None:
    where = w.imports_top if w.scope.top else w.imports_in
    for alias in node.names:
        where.append((0, alias.name, ()))
        name = alias.asname or alias.name.partition(".")[0]
        w._bind(name, ("", "0", alias.name if alias.asname else name, ""))


def _import_from(w: Walk, node: ast.ImportFrom) -> None:
    module, level = node.module or "", node.level or 0
    if module == "__future__" and not level:
        return
    where = w.imports_top if w.scope.top else w.imports_in
    where.append((level, module, tuple(a.name for a in node.names)))
    for alias in node.names:
        if alias.name != "*":
            w._bind(alias.asname or alias.name, ("", str(level), module, alias.name))


def _walrus(w: Walk, node: ast.NamedExpr) -> None:
    scope = w.scope
    while w.scope.kind == "comp" and w.scope.parent is not None:
        w.scope = w.scope.parent
    w._bind(node.target.id)
    w.scope = scope
    w._push([node.value])


def _global(w: Walk, node: ast.Global) -> None:
    if w.scope.kind != "module":
        w.scope.globals.update(node.names)
        for name in node.names:
            w.scope.bound.pop(name, None)


def _nonlocal(w: Walk, node: ast.Nonlocal) -> None:
    w.scope.outer.update(node.names)


def _handler(w: Walk, node: ast.ExceptHandler) -> None:
    if node.name:
        w._bind(node.name)
    w._children(node)


def _capture(w: Walk, node: Any) -> None:
    name = node.rest if isinstance(node, ast.MatchMapping) else node.name
    if name:
        w._bind(name)
    w._children(node)


def _if(w: Walk, node: ast.If) -> None:
    if is_type_checking(node.test):  # never runs
        w._push(node.orelse)
    else:
        w._children(node)


def is_type_checking(test: ast.AST) -> bool:
    chain, _ = chain_of(test)
    return chain is not None and chain[-1] == "TYPE_CHECKING"


def _expression(w: Walk, node: ast.Expr) -> None:
    if isinstance(node.value, ast.Constant):
        return
    if w.scope.top:
        w.does = True
    w._push([node.value])


def _acts(w: Walk, node: ast.AST) -> None:
    if w.scope.top:
        w.does = True
    w._children(node)


def _augmented(w: Walk, node: ast.AugAssign) -> None:
    if isinstance(node.target, ast.Name):
        if w.scope.top and node.target.id != "__all__" and not isinstance(node.value, ast.Constant):
            w.does = True
        w._load((node.target.id,), VALUE)
    w._push([node.target, node.value])


def _annotated(w: Walk, node: ast.AnnAssign) -> None:
    if id(node) in w._read:
        _annotation(w, node.annotation, 0)
    elif w.scope.top:
        _annotation(w, node.annotation, ANN)
    if node.value is not None or w.scope.kind == "function":
        w._push([node.target, node.value])


def _assign(w: Walk, node: ast.Assign) -> None:
    if len(node.targets) == 1 and isinstance(node.targets[0], ast.Name) and isinstance(node.value, ast.Call):
        request = import_request(node.value)
        if request is not None and request[0] == "literal":
            chain: Chain = ("", "0", request[1], "")
            _import_now(w, chain)
            w._bind(node.targets[0].id, chain)
            return
    w._push([node.value, *node.targets])


def _constant(w: Walk, node: ast.Constant) -> None:
    if isinstance(node.value, str) and node.value in SPECIAL_NAMES:
        w.special.add(node.value)


def _enter(w: Walk, marker: Enter) -> None:
    w.scope = marker.scope


_HANDLERS: dict[type, Callable[[Walk, Any], None]] = {
    ast.Name: _name, ast.Attribute: _attribute, ast.Subscript: _subscript, ast.Call: _call,
    ast.Lambda: _lambda, ast.ClassDef: _class, ast.Import: _import, ast.ImportFrom: _import_from,
    ast.NamedExpr: _walrus, ast.Global: _global, ast.Nonlocal: _nonlocal, ast.ExceptHandler: _handler,
    ast.MatchAs: _capture, ast.MatchStar: _capture, ast.MatchMapping: _capture, ast.Expr: _expression,
    ast.If: _if, ast.Delete: _acts, ast.With: _acts, ast.AsyncWith: _acts, ast.AugAssign: _augmented,
    ast.AnnAssign: _annotated, ast.Assign: _assign, ast.Constant: _constant,
    Enter: _enter, Leave: lambda w, _: w.leave(),
    **dict.fromkeys(FUNCTIONS, _function), **dict.fromkeys(_COMPREHENSIONS, _comprehension),
}  # fmt: skip
