"""How functions, classes and their annotations are walked."""

from __future__ import annotations

import ast

from .chains import called_chain
from .normal import read_annotations
from .scope import ANN, CALL, DECO, HIDDEN, INNER, Enter, Leave, Scope, Walk


def visit_function(w: Walk, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    w._bind(node.name, function=not node.decorator_list)
    _decorate(w, node.decorator_list)
    inner = Scope("function", w.scope)
    args = node.args
    named = [*args.posonlyargs, *args.args, *args.kwonlyargs, *(a for a in (args.vararg, args.kwarg) if a)]
    for arg in named:
        inner.bound[arg.arg] = []
    for parameter in getattr(node, "type_params", ()):
        inner.bound[parameter.name] = []
    flag = 0 if node.decorator_list or id(node) in w._read else ANN
    for annotation in [*(a.annotation for a in named), node.returns, *_bounds(node)]:
        if annotation is not None:
            visit_annotation(w, annotation, flag)
    w._push([*args.defaults, *args.kw_defaults, Enter(inner), *node.body, Leave()])


def _bounds(node: ast.AST) -> list[ast.expr]:
    """What type parameters say of themselves: ``[T: Bound = Default]``."""
    parts = [
        (getattr(p, "bound", None), getattr(p, "default_value", None))
        for p in getattr(node, "type_params", ())
    ]
    return [part for pair in parts for part in pair if part is not None]


def _decorate(w: Walk, decorators: list[ast.expr]) -> None:
    for node in decorators:
        called = node.func if isinstance(node, ast.Call) else node
        w._load(called_chain(called), HIDDEN | DECO | (CALL if w.scope.top else INNER))
    w._push(decorators)


def visit_annotation(w: Walk, node: ast.AST, flag: int) -> None:
    w.annotated = w.annotated or not flag
    if node.__class__ is ast.Name:
        w._flagged(node, flag)
        return
    pending = [node]
    while pending:  # an annotation may be a string, with strings inside
        node = pending.pop()
        w._flagged(node, flag)
        for part in ast.walk(node):
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                try:
                    pending.append(ast.parse(part.value.strip(), mode="eval").body)
                except (SyntaxError, ValueError, RecursionError, MemoryError):
                    continue


def visit_lambda(w: Walk, node: ast.Lambda) -> None:
    inner = Scope("function", w.scope)
    args = node.args
    for arg in [*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg]:
        if arg is not None:
            inner.bound[arg.arg] = []
    w._push([*args.defaults, *args.kw_defaults, Enter(inner), node.body, Leave()])


def visit_class(w: Walk, node: ast.ClassDef) -> None:
    w._bind(node.name)
    _decorate(w, node.decorator_list)
    w._read.update(read_annotations(node.body))
    for bound in _bounds(node):
        visit_annotation(w, bound, 0)
    inner = Scope("class", w.scope)
    for parameter in getattr(node, "type_params", ()):
        inner.bound[parameter.name] = []
    w._push([*node.bases, *node.keywords, Enter(inner), *node.body, Leave()])
