"""How imports are walked, also those that are calls."""

from __future__ import annotations

import ast

from .chains import called_chain, chain_of, import_request
from .scope import CALL, HIDDEN, INNER, VALUE, Walk

# Functions of importlib.resources, pkgutil and pkg_resources that read a package's files.
RESOURCES = frozenset([
    "files", "get_data", "read_text", "read_binary", "open_text", "open_binary", "path", "as_file",
    "resource_string", "resource_filename", "resource_stream",
])  # fmt: skip


def note_import_call(w: Walk, call: ast.Call, module: str) -> None:
    """``import_module("module")``: an import, and a call of whatever ``import_module`` is here."""
    w.note_import(0, module)
    visit_importer(w, call)
    w._push([*call.args[1:], *call.keywords])


def visit_importer(w: Walk, call: ast.Call) -> None:
    """The function that a call for a module calls: importlib's, or one of the project's own."""
    flag = CALL if w.scope.top else INNER
    chain = called_chain(call.func)
    plain, root = chain_of(call.func)
    if plain is not None and not isinstance(root, ast.Call):
        w._load(chain, flag)
    else:
        w._load(chain, flag | HIDDEN)
        w._push([root])


def visit_import(w: Walk, node: ast.Import) -> None:
    for alias in node.names:
        w.note_import(0, alias.name)
        name = alias.asname or alias.name.partition(".")[0]
        w._bind(name, ("", "0", alias.name if alias.asname else name, ""))


def visit_import_from(w: Walk, node: ast.ImportFrom) -> None:
    module, level = node.module or "", node.level or 0
    if module == "__future__" and not level:
        return
    w.note_import(level, module, tuple(a.name for a in node.names))
    for alias in node.names:
        if alias.name != "*":
            w._bind(alias.asname or alias.name, ("", str(level), module, alias.name))


def visit_assign(w: Walk, node: ast.Assign) -> None:
    if len(node.targets) == 1 and isinstance(node.targets[0], ast.Name) and isinstance(node.value, ast.Call):
        request = import_request(node.value)
        if request is not None and request[0] == "literal":
            note_import_call(w, node.value, request[1])
            w._bind(node.targets[0].id, ("", "0", request[1], ""))
            return
    w._push([node.value, *node.targets])


def note_query(w: Walk, name: str, node: ast.Call) -> None:
    """``find_spec("module")``: whether it is there. And a class made by ``type`` may be noted by its base."""
    if name == "type" and len(node.args) == 3:
        w._load(("?",), HIDDEN | (CALL if w.scope.top else INNER))
    if name in ("find_spec", "find_loader") and node.args:
        first = node.args[0]
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            w.note_import(0, first.value)
        else:
            w.dynamic.append(("exists", f"{name}() of a computed name", node.lineno))


def visit_importer_call(w: Walk, node: ast.Call) -> None:
    request = import_request(node)
    assert request is not None
    kind, text = request
    if kind == "literal":
        note_import_call(w, node, text)
        w._load(("", "0", text, ""), VALUE)
    else:
        w.dynamic.append((kind, text, node.lineno))
        visit_importer(w, node)
        w._push([*node.args, *node.keywords])


def note_resource(w: Walk, name: str, node: ast.Call) -> None:
    """``files("package")``: whose files are read. Whether it is the library's is seen later."""
    first = node.args[0] if node.args else None
    if name in RESOURCES and isinstance(first, ast.Constant) and isinstance(first.value, str):
        w.dynamic.append(("resource", first.value, node.lineno))
