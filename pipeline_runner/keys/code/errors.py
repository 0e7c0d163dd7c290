"""What is wrong with a callable's name or source, for the user."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ...errors import Place

if TYPE_CHECKING:
    from .names import Names


class CodeError(ValueError):
    """A callable can't be found, or its source can't be read."""

    def __init__(self, message: str, hint: str = "", where: Place | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.where = where


def _nearest(name: str, others: Iterable[str]) -> str:
    import difflib

    near = difflib.get_close_matches(name, sorted(set(others)), 3, 0.6)
    return "did you mean " + " or ".join(repr(n) for n in near) + "?" if near else ""


def bad_name(call: str) -> CodeError:
    return CodeError(f"{call!r} names no callable", "write package.module:function")


def missing_module(names: Names, module: str, roots: Sequence[str]) -> CodeError:
    """A module that isn't there; the hint names what is there instead."""
    package, _, last = module.rpartition(".")
    while package and names.find(package).kind == "missing":
        package, _, last = package.rpartition(".")
    folders = [f for f, _ in names.find(package).folders] if package else list(roots)
    there = {e.rstrip("/").split(".")[0] for f in folders for e in names.entries(f)} - {"__init__"}
    hint = _nearest(last, there)
    if package and hint:
        hint = hint.replace("'", f"'{package}.", 1) if hint.count("'") == 2 else f"in {package}: {hint}"
    if not hint:
        shown = ", ".join(sorted(there)[:8])
        inside = f"package {package}" if package else ", ".join(os.path.basename(r) or r for r in roots)
        hint = f"{inside} has: {shown}" if shown else "check the module's name and `pythonpath`"
    return CodeError(f"there is no module {module!r}", hint)


def missing_name(names: Names, module: str, chain: tuple[str, ...]) -> CodeError:
    """A name that a module or class doesn't have."""
    summary = names.summary(module)
    qualname = ".".join(chain)
    file = names.find(module).file
    if len(chain) > 1 and chain[0] in summary.names:
        inner = [n.rpartition(".")[2] for n in summary.signatures if n.startswith(chain[0] + ".")]
        message = f"{module}:{chain[0]} has no {'.'.join(chain[1:])!r} ({file})"
        return CodeError(message, _nearest(chain[-1], inner))
    there = [n for n in summary.names if not n.startswith("_")]
    hint = _nearest(chain[0], there)
    if not hint and there:
        hint = "it has: " + ", ".join(sorted(there)[:8])
    return CodeError(f"module {module!r} has no {qualname!r} ({file})", hint)


def unparsable(names: Names, module: str) -> CodeError:
    """A module whose source isn't Python."""
    error = names.summary(module).error
    assert error is not None
    message, line, column, text = error
    file = names.find(module).file
    place = Place(file, line, column, text)
    return CodeError(f"module {module!r} cannot be read: {message}", "correct the syntax error", place)
