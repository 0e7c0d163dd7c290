"""Dotted names in expressions, and the modules that import calls ask for."""

from __future__ import annotations

import ast

from .summary import NAME, PACKAGE, Chain

IMPORTERS = frozenset(["import_module", "__import__"])
_DISPLAYS = (ast.Constant, ast.JoinedStr, ast.List, ast.Dict, ast.Tuple, ast.Set)


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


def called_chain(func: ast.AST) -> Chain:
    """What a call calls: a dotted name; ``(*name, "()", method)`` for a method of what a call gives;
    ``("?", "()", method)`` of something made on the spot; ``("?", method)`` or ``("?",)`` if unknown.
    """
    inner = func.value if isinstance(func, ast.Subscript) else func  # Generic[int](...)
    chain, root = chain_of(inner)
    if chain is not None and not isinstance(root, ast.Call):
        return chain
    if not isinstance(inner, ast.Attribute):
        return ("?",)
    call: ast.Call | None = None
    node: ast.AST = inner.value
    while True:
        if isinstance(node, ast.Call):
            call, node = node, node.func
        elif isinstance(node, (ast.Attribute, ast.Subscript)):
            node = node.value
        else:
            break
    if call is not None:
        base, root = chain_of(call.func)
        return (*base, "()", inner.attr) if base and not isinstance(root, ast.Call) else ("?", inner.attr)
    return ("?", "()", inner.attr) if isinstance(node, _DISPLAYS) else ("?", inner.attr)


def import_request(node: ast.Call) -> tuple[str, str] | None:
    """What an ``import_module(...)`` or ``__import__(...)`` asks for.

    ("literal", module) or ("import", prefix that the module's name begins with).
    """
    func = node.func
    called = func.attr if isinstance(func, ast.Attribute) else func.id if isinstance(func, ast.Name) else ""
    if called not in IMPORTERS:
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


def is_type_checking(test: ast.AST) -> bool:
    chain, _ = chain_of(test)
    return chain is not None and chain[-1] == "TYPE_CHECKING"
