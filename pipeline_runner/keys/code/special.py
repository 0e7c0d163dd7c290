"""Expressions that reach code by a name which is not in the source as a name: getattr, eval, importlib."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING

from .summary import NAME, PACKAGE

if TYPE_CHECKING:
    from .scope import Walk

# Attributes and strings whose mere mention tells what is read of the code around.
SPECIAL_NAMES = frozenset([
    "__doc__", "__annotations__", "__annotate__", "__subclasses__", "__globals__", "f_globals", "f_back",
])  # fmt: skip


def import_request(node: ast.Call) -> tuple[str, str] | None:
    """What an ``import_module(...)`` or ``__import__(...)`` asks for.

    ("literal", module) or ("import", prefix that the module's name begins with).
    """
    func = node.func
    called = func.attr if isinstance(func, ast.Attribute) else func.id if isinstance(func, ast.Name) else ""
    if called not in ("import_module", "__import__"):
        return None
    first = node.args[0] if node.args else next((k.value for k in node.keywords if k.arg == "name"), None)
    if first is None:
        return ("import", "")
    text, whole = _known_start(first)
    if text.startswith("."):
        package = node.args[1] if len(node.args) > 1 else None
        package = next((k.value for k in node.keywords if k.arg == "package"), package)
        base = _known_start(package) if package is not None else ("", False)
        if text.startswith("..") or not base[1]:
            return ("import", "")
        text = base[0] + text
    if whole and (called == "import_module" or "." not in text):
        return ("literal", text)
    return ("import", text)


def _known_start(node: ast.AST) -> tuple[str, bool]:
    """How the text that an expression gives begins, and whether that is all of it."""
    if isinstance(node, ast.Constant):
        return (node.value, True) if isinstance(node.value, str) else ("", False)
    if isinstance(node, ast.Name) and node.id in ("__package__", "__name__"):
        return PACKAGE if node.id == "__package__" else NAME, True
    if isinstance(node, ast.FormattedValue):
        return _known_start(node.value) if isinstance(node.value, ast.Name) else ("", False)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _joined([node.left, node.right])
    if isinstance(node, ast.JoinedStr):
        return _joined(list(node.values))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        return _known_start(node.left)[0].partition("%")[0], False
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
        return _known_start(node.func.value)[0].partition("{")[0], False
    return "", False


def _joined(parts: list[ast.expr]) -> tuple[str, bool]:
    text = ""
    for part in parts:
        start, whole = _known_start(part)
        text += start
        if not whole:
            return text, False
    return text, True


def _attribute_lookup(w: Walk, node: ast.Call) -> bool:
    """getattr, hasattr, setattr and delattr: with a literal name it is plain attribute access."""
    from .scope import VALUE, chain_of

    called = node.func.id if isinstance(node.func, ast.Name) else ""
    if called in ("setattr", "delattr") and w.scope.top:
        w.does = True
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
