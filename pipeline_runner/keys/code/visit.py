"""How each kind of syntax is walked: see ``scope`` for what is collected."""

from __future__ import annotations

import ast
import re
from typing import Any

from .catching import catch, visit_try, visit_with
from .chains import IMPORTERS, called_chain, chain_of, import_request
from .definitions import visit_annotation, visit_class, visit_function, visit_lambda
from .imports import (
    RESOURCES,
    note_import_call,
    note_query,
    note_resource,
    visit_assign,
    visit_import,
    visit_import_from,
    visit_importer_call,
)
from .launching import RUNNERS, note_arguments, note_runner, note_text
from .normal import FUNCTIONS
from .scope import (
    ANN,
    CALL,
    HIDDEN,
    INNER,
    SPECIAL_NAMES,
    VALUE,
    Catch,
    Enter,
    Handlers,
    Leave,
    Scope,
    Walk,
)  # fmt: skip
from .special import LOOKUPS
from .truth import visit_choice, visit_compare, visit_if, visit_not

_NAMES_MODULES = IMPORTERS | RUNNERS | RESOURCES | {"find_spec", "find_loader", "type"}
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


# A file's path from a package's folder, as resources are named.
PATH = re.compile(r"[\w-][\w./-]{0,150}\.\w{1,8}$")
_SEPARATOR = re.compile("[.:]")


def walk(statement: ast.AST) -> Walk:
    """What a top-level statement binds, reads, imports and does."""
    return Walk(statement, _HANDLERS)


def _name(w: Walk, node: ast.Name) -> None:
    if isinstance(node.ctx, ast.Load):
        w._load((node.id,), VALUE)
    else:
        w._bind(node.id)


def _changes(w: Walk, node: ast.AST) -> None:
    """Something is changed in place. What ``__init__`` sets on ``self`` is its own."""
    if w.scope.top:
        w.does = True
    elif not (
        isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"
    ):
        w.inner_does = True


def _attribute(w: Walk, node: ast.Attribute) -> None:
    if not isinstance(node.ctx, ast.Load):
        _changes(w, node)
    chain, root = chain_of(node)
    if node.attr in SPECIAL_NAMES:
        w.special.add(node.attr)
    if chain is None or isinstance(root, ast.Call):
        inner: ast.AST = node
        while isinstance(inner, ast.Attribute):
            if inner.attr in SPECIAL_NAMES:
                w.special.add(inner.attr)
            inner = inner.value
        if chain is not None and isinstance(root, ast.Call):
            note_import_call(w, root, chain[2])
            w._load(chain, VALUE)
        else:
            w._push([inner])
    else:
        w._load(chain, VALUE)


def _subscript(w: Walk, node: ast.Subscript) -> None:
    if not isinstance(node.ctx, ast.Load):
        _changes(w, node)
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
    name = getattr(node.func, "attr", None) or getattr(node.func, "id", "")
    if name in _NAMES_MODULES:
        if name in IMPORTERS:
            visit_importer_call(w, node)
            return
        note_query(w, name, node)
        note_resource(w, name, node)
        if name in RUNNERS:
            note_runner(w, name, node)
    if len(node.args) > 1:
        note_arguments(w, node.args)
    chain_, root = chain_of(node.func)
    if chain_ is not None and not isinstance(root, ast.Call):
        w._load(chain_, CALL if w.scope.top else INNER)
        if len(chain_) == 1 and chain_[0] in LOOKUPS and LOOKUPS[chain_[0]](w, node):
            return
        w._push([*node.args, *node.keywords])
        return
    w._load(called_chain(node.func), HIDDEN | (CALL if w.scope.top else INNER))
    w._push([node.func, *node.args, *node.keywords])


def _comprehension(w: Walk, node: Any) -> None:
    first, *others = node.generators
    inner = Scope("comp", w.scope)
    parts: list[Any] = [first.iter, Enter(inner), first.target, *first.ifs]
    for generator in others:
        parts += [generator.iter, generator.target, *generator.ifs]
    parts += [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
    w._push([*parts, Leave()])
    w.generates = w.generates or isinstance(node, ast.GeneratorExp)


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


def _expression(w: Walk, node: ast.Expr) -> None:
    if isinstance(node.value, ast.Constant):
        return
    if w.scope.top:
        w.does = True
    if isinstance(node.value, ast.Call):
        request = import_request(node.value)
        if request is not None and request[0] == "literal":  # only imported: the module is not handed on
            note_import_call(w, node.value, request[1])
            return
    w._push([node.value])


def _acts(w: Walk, node: ast.AST) -> None:
    _changes(w, node)
    w._children(node)


def _with(w: Walk, node: ast.With | ast.AsyncWith) -> None:
    _changes(w, node)
    visit_with(w, node)


def _yields(w: Walk, node: ast.AST) -> None:
    w.generates = True
    w._children(node)


def _augmented(w: Walk, node: ast.AugAssign) -> None:
    if isinstance(node.target, ast.Name):
        if node.target.id != "__all__" and not isinstance(node.value, ast.Constant):
            _changes(w, node)
        w._load((node.target.id,), VALUE)
    w._push([node.target, node.value])


def _annotated(w: Walk, node: ast.AnnAssign) -> None:
    if id(node) in w._read:
        visit_annotation(w, node.annotation, 0)
    elif w.scope.top:
        visit_annotation(w, node.annotation, ANN)
    if node.value is not None or w.scope.kind == "function":
        w._push([node.target, node.value])


def _display(w: Walk, node: ast.List | ast.Tuple) -> None:
    note_arguments(w, node.elts)
    w._push(node.elts)


def _constant(w: Walk, node: ast.Constant) -> None:
    if isinstance(node.value, str):
        if "-m " in node.value or ".py" in node.value:
            note_text(w, node.value, node.lineno)
        if "." in node.value and PATH.match(node.value):
            w.paths.add(node.value)
        if node.value in SPECIAL_NAMES:
            w.special.add(node.value)
        elif (
            len(node.value) < 200
            and _SEPARATOR.search(node.value)
            and all(part.isidentifier() for part in _SEPARATOR.split(node.value))
        ):
            w.texts.add(node.value)


def _enter(w: Walk, marker: Enter) -> None:
    w.scope = marker.scope


_HANDLERS: Handlers = {
    ast.Name: _name, ast.Attribute: _attribute, ast.Subscript: _subscript, ast.Call: _call,
    ast.Lambda: visit_lambda, ast.ClassDef: visit_class, ast.Import: visit_import,
    ast.ImportFrom: visit_import_from, ast.NamedExpr: _walrus, ast.Global: _global, ast.Nonlocal: _nonlocal,
    ast.ExceptHandler: _handler,
    ast.MatchAs: _capture, ast.MatchStar: _capture, ast.MatchMapping: _capture, ast.Expr: _expression,
    ast.If: visit_if, ast.IfExp: visit_choice, ast.UnaryOp: visit_not, ast.Compare: visit_compare,
    ast.Try: visit_try, ast.TryStar: visit_try, ast.Delete: _acts, ast.With: _with, ast.AsyncWith: _with,
    ast.AugAssign: _augmented, ast.Yield: _yields, ast.YieldFrom: _yields,
    ast.AnnAssign: _annotated, ast.Assign: visit_assign, ast.Constant: _constant,
    Enter: _enter, Catch: catch, Leave: lambda w, _: w.leave(),
    ast.List: _display, ast.Tuple: _display,
    **dict.fromkeys(FUNCTIONS, visit_function), **dict.fromkeys(_COMPREHENSIONS, _comprehension),
}  # fmt: skip
