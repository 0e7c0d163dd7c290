"""Python code that is run by a text: ``[python, "-m", "module"]``, ``"python scripts/go.py"``, runpy."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from itertools import pairwise

from .scope import Walk

# Functions that run or find what a text names. What they are is known when names are resolved.
RUNNERS = frozenset(["run_module", "run_path", "resolve_name", "locate"])
_COMMAND = re.compile(r"(?:^|\s)-m\s+([A-Za-z_][\w.]*)")
_SCRIPT = re.compile(r"[\w./\\~-]+\.py(?![\w.])")


def note_arguments(w: Walk, nodes: Sequence[ast.expr]) -> None:
    """``"-m", "module"`` and ``"-c", "source"`` among the arguments of a command."""
    for node, following in pairwise(nodes):
        if isinstance(node, ast.Attribute) and node.attr == "executable":
            if not isinstance(following, ast.Constant):
                w.dynamic.append(("project", "python runs something computed", following.lineno))
            continue
        if node.__class__ is not ast.Constant or getattr(node, "value", None) not in ("-m", "-c"):
            continue
        text = following.value if isinstance(following, ast.Constant) else None
        if not isinstance(text, str):
            w.dynamic.append(("project", "python runs something computed", following.lineno))
        elif getattr(node, "value", None) == "-m":
            w.dynamic.append(("main", text, following.lineno))
        else:
            note_source(w, text, following.lineno)


def note_source(w: Walk, text: str, line: int) -> None:
    try:
        w._push(ast.parse(text).body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        w.dynamic.append(("project", "python runs source that cannot be read", line))


def note_text(w: Walk, text: str, line: int) -> None:
    """A command line, or the path of a script."""
    if "-m " in text:
        for module in _COMMAND.findall(text):
            w.dynamic.append(("main", module, line))
    if ".py" in text:
        for path in _SCRIPT.findall(text):
            w.dynamic.append(("script", path, line))


def note_runner(w: Walk, name: str, node: ast.Call) -> None:
    """``run_module("module")``; of a computed name, it counts if it is the library's."""
    first = node.args[0] if node.args else None
    text = first.value if isinstance(first, ast.Constant) else None
    if not isinstance(text, str):
        w.dynamic.append(("runner", name, node.lineno))
    elif name == "run_module":
        w.dynamic.append(("main", text, node.lineno))
    elif name != "run_path":  # a script's path is seen as any text
        w.dynamic.append(("named", text, node.lineno))
