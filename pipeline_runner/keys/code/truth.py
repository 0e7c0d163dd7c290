"""What is only asked whether it is true, or None: nothing else of it is looked at."""

from __future__ import annotations

import ast

from .chains import is_type_checking
from .scope import TEST, Walk


def visit_if(w: Walk, node: ast.If) -> None:
    if is_type_checking(node.test):  # never runs
        w._push(node.orelse)
    else:
        w._push([*_tested(w, node.test), *node.body, *node.orelse])


def _tested(w: Walk, node: ast.expr) -> list[ast.expr]:
    """What is left to walk of an expression that is asked whether it is true."""
    if isinstance(node, ast.Name):
        w._load((node.id,), TEST)
        return []
    return [node]


def visit_not(w: Walk, node: ast.UnaryOp) -> None:
    w._push(_tested(w, node.operand) if isinstance(node.op, ast.Not) else [node.operand])


def visit_choice(w: Walk, node: ast.IfExp) -> None:
    w._push([*_tested(w, node.test), node.body, node.orelse])


def visit_compare(w: Walk, node: ast.Compare) -> None:
    """``module is None`` hands nothing on."""
    if len(node.ops) == 1 and isinstance(node.ops[0], (ast.Is, ast.IsNot)):
        w._push([*_tested(w, node.left), *node.comparators])
    else:
        w._children(node)
