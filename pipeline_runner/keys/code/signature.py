"""The parameters of functions and methods, as their source declares them."""

from __future__ import annotations

import ast
from typing import Any

from .chains import chain_of
from .normal import FUNCTIONS

_TRANSPARENT = frozenset([
    "staticmethod", "classmethod", "override", "abstractmethod", "final", "lru_cache", "cache", "wraps",
    "contextmanager", "deprecated",
])  # fmt: skip


def signatures(tree: ast.Module) -> dict[str, Any]:
    """qualname -> ("def", parameters, flags) or ("class", base names, flags, fields)."""
    found: dict[str, Any] = {}
    pending: list[tuple[str, ast.stmt]] = [("", s) for s in tree.body]
    while pending:
        prefix, node = pending.pop(0)
        if isinstance(node, FUNCTIONS):
            found[prefix + node.name] = ("def", _parameters(node.args), _flags(node), node.lineno)
        elif isinstance(node, ast.ClassDef):
            found[prefix + node.name] = ("class", _bases(node), _flags(node), node.lineno, _fields(node))
            pending.extend((f"{prefix}{node.name}.", s) for s in node.body)
    return found


def _parameters(args: ast.arguments) -> tuple[tuple[str, str, bool, str], ...]:
    """(name, kind, has a default, annotation) of each."""
    positional = [*args.posonlyargs, *args.args]
    first_default = len(positional) - len(args.defaults)
    out = []
    for i, arg in enumerate(positional):
        kind = "positional" if i < len(args.posonlyargs) else "any"
        out.append((arg.arg, kind, i >= first_default, _text(arg.annotation)))
    if args.vararg:
        out.append((args.vararg.arg, "args", True, _text(args.vararg.annotation)))
    for arg, default in zip(args.kwonlyargs, args.kw_defaults, strict=True):
        out.append((arg.arg, "keyword", default is not None, _text(arg.annotation)))
    if args.kwarg:
        out.append((args.kwarg.arg, "kwargs", True, _text(args.kwarg.annotation)))
    return tuple(out)


def _text(node: ast.AST | None) -> str:
    if node is None:
        return ""
    try:
        return ast.unparse(node)
    except RecursionError:
        return ""


def _flags(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> tuple[str, ...]:
    """Decorators by their last name; "?" for one that may change the parameters."""
    flags = ["async"] if isinstance(node, ast.AsyncFunctionDef) else []
    for decorator in node.decorator_list:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        chain, _ = chain_of(called)
        name = chain[-1] if chain else "?"
        if name in _TRANSPARENT or (name == "dataclass" and isinstance(node, ast.ClassDef)):
            flags.append(name)
        else:
            flags.append("?")
    return tuple(flags)


def _bases(node: ast.ClassDef) -> tuple[str, ...]:
    names = [".".join(chain_of(b)[0] or ("?",)) for b in node.bases]
    return (*names, *("?" for _ in node.keywords))


def _fields(node: ast.ClassDef) -> tuple[tuple[str, str, bool, str], ...]:
    """The annotated names of a class body: a dataclass's parameters."""
    out = []
    for s in node.body:
        if isinstance(s, ast.AnnAssign) and isinstance(s.target, ast.Name):
            annotation = _text(s.annotation)
            if "ClassVar" not in annotation:
                out.append((s.target.id, "any", s.value is not None, annotation))
    return tuple(out)
