"""Statements that catch errors: whether an import in them succeeds is part of what they do."""

from __future__ import annotations

import ast

from .chains import chain_of
from .scope import Catch, Walk

_OF_IMPORTS = frozenset(["BaseException", "Exception", "ImportError", "ModuleNotFoundError"])
_SUPPRESS = frozenset(["suppress", "raises"])


def visit_try(w: Walk, node: ast.Try | ast.TryStar) -> None:
    """Errors of the body are caught, those of the handlers are not."""
    after = [*node.handlers, *node.orelse, *node.finalbody]
    if not node.handlers:
        w._push([*node.body, *after])
        return
    broad = any(_is_broad(handler.type) for handler in node.handlers)
    w._push([Catch(1, broad), *node.body, Catch(-1, broad), *after])


def visit_with(w: Walk, node: ast.With | ast.AsyncWith) -> None:
    """What a context manager does with errors is not known; that of contextlib is."""
    broad = any(_suppresses(item.context_expr) for item in node.items)
    w._push([*node.items, Catch(1, broad), *node.body, Catch(-1, broad)])


def catch(w: Walk, marker: Catch) -> None:
    w.catching += marker.step
    w.catches = w.catches or marker.broad


def _suppresses(node: ast.expr) -> bool:
    called = chain_of(node.func)[0] if isinstance(node, ast.Call) else None
    return called is not None and called[-1] in _SUPPRESS


def _is_broad(node: ast.expr | None) -> bool:
    """Whether a handler may be meant for imports: ``ValueError`` is not, ``Exception`` or ``ERRORS`` is."""
    if node is None:
        return True
    if isinstance(node, ast.Tuple):
        return any(map(_is_broad, node.elts))
    chain = chain_of(node)[0]
    return chain is None or chain[-1] in _OF_IMPORTS or not chain[-1][:1].isupper() or chain[-1].isupper()
