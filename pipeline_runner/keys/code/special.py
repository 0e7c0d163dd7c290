"""Expressions that reach code by a name which is not in the source as a name: getattr, eval, importlib."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING

from .chains import chain_of
from .scope import VALUE

if TYPE_CHECKING:
    from .scope import Walk


def _attribute_lookup(w: Walk, node: ast.Call) -> bool:
    """getattr, hasattr, setattr and delattr: with a literal name it is plain attribute access."""
    called = node.func.id if isinstance(node.func, ast.Name) else ""
    if called in ("setattr", "delattr"):
        w.does = w.does or w.scope.top
        w.inner_does = w.inner_does or not w.scope.top
    if len(node.args) < 2:
        return False
    name = node.args[1]
    chain, root = chain_of(node.args[0])
    if not isinstance(name, ast.Constant) or chain is None or isinstance(root, ast.Call):
        return False
    if not isinstance(name.value, str):
        return False
    w._load((*chain, *name.value.split(".")), VALUE)
    w._push([*node.args[1:], *node.keywords])
    return True


def _namespace(w: Walk, node: ast.Call) -> bool:
    """globals(), and locals(), vars(), dir() where they mean the module."""
    called = node.func.id if isinstance(node.func, ast.Name) else ""
    if node.args or node.keywords:
        return False
    if called == "globals" or w.scope.top:
        w.dynamic.append(("module", f"{called}()", node.lineno))
        if w.scope.top:
            w.does = True
    return True


def _evaluate(w: Walk, node: ast.Call) -> bool:
    """exec, eval, compile: source in a literal is walked, anything else can name anything."""
    called = node.func.id if isinstance(node.func, ast.Name) else ""
    text = node.args[0] if node.args else None
    if w.scope.top:
        w.does = True
    if isinstance(text, ast.Constant) and isinstance(text.value, str) and called != "compile":
        try:
            parsed = ast.parse(text.value, mode="exec")
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
        w._push([*parsed.body, *node.args[1:], *node.keywords])
        return True
    kind = "module" if called == "eval" else "project"
    if called != "compile":
        w.dynamic.append((kind, f"{called}() of computed source", node.lineno))
    return False


def _help(w: Walk, node: ast.Call) -> bool:
    w.special.add("__doc__")
    return False


LOOKUPS: dict[str, Callable[[Walk, ast.Call], bool]] = {
    "getattr": _attribute_lookup, "hasattr": _attribute_lookup,
    "setattr": _attribute_lookup, "delattr": _attribute_lookup,
    "globals": _namespace, "locals": _namespace, "vars": _namespace, "dir": _namespace,
    "exec": _evaluate, "eval": _evaluate, "compile": _evaluate, "help": _help,
}  # fmt: skip
