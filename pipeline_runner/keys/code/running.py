"""What a statement runs when its module is imported: everything but the bodies of functions."""

# ruff: noqa: SIM905  (a long list of words)
from __future__ import annotations

import ast
from typing import Any

from .normal import FUNCTIONS

# Syntax that calls methods without naming them: operators, iteration, truth, items, formatting.
_IMPLICIT = (
    ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.Subscript, ast.FormattedValue, ast.Starred, ast.For,
    ast.comprehension, ast.IfExp, ast.If, ast.While, ast.Match, ast.AugAssign, ast.Assert,
)  # fmt: skip
# Methods that run only where they, or the class, are named.
_EXPLICIT = frozenset("""
    __init__ __new__ __post_init__ __init_subclass__ __class_getitem__ __prepare__ __set_name__ __reduce__
    __reduce_ex__ __getstate__ __setstate__ __del__ __call__ __copy__ __deepcopy__ __slots__ __all__
    __match_args__ __doc__ __module__ __annotations__
""".split())  # fmt: skip
_PLAIN_DECORATORS = frozenset([
    "staticmethod", "classmethod", "abstractmethod", "override", "overload", "final", "lru_cache", "cache",
    "wraps", "contextmanager",
])  # fmt: skip


def operates(root: ast.AST) -> bool:
    """Whether syntax in it calls methods without naming them while the module is imported."""
    pending: list[Any] = [root]
    while pending:
        node = pending.pop()
        if isinstance(node, (*FUNCTIONS, ast.Lambda)):
            pending += [*getattr(node, "decorator_list", ()), *node.args.defaults]
            pending += [d for d in node.args.kw_defaults if d is not None]
        elif isinstance(node, _IMPLICIT) and not _is_sign(node):
            return True
        elif isinstance(node, (ast.Tuple, ast.List)) and isinstance(node.ctx, ast.Store):
            return True  # unpacking
        else:
            pending.extend(ast.iter_child_nodes(node))
    return False


def _is_sign(node: ast.AST) -> bool:
    """A sign before a number."""
    return isinstance(node, ast.UnaryOp) and isinstance(node.operand, ast.Constant)


def has_implicit(node: ast.AST) -> bool:
    """Whether a class has methods that are called without being named: operators, properties."""
    if not isinstance(node, ast.ClassDef):
        return False
    for statement in node.body:
        if isinstance(statement, FUNCTIONS):
            if _is_implicit(statement.name) or not all(map(_is_plain, statement.decorator_list)):
                return True
        elif isinstance(statement, ast.Assign):
            names = [t.id for t in statement.targets if isinstance(t, ast.Name)]
            if any(map(_is_implicit, names)) or isinstance(statement.value, ast.Call):
                return True
    return False


def _is_implicit(name: str) -> bool:
    return name.startswith("__") and name.endswith("__") and name not in _EXPLICIT


def _is_plain(decorator: ast.expr) -> bool:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
    return name in _PLAIN_DECORATORS
