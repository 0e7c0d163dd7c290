"""Signatures of callables, from the summaries of their modules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:  # one that is kept needs neither
    from .names import Names
    from .summary import Summary

_DEPTH = 20


class Parameter(NamedTuple):
    name: str
    kind: str  # "positional" (only), "any", "args", "keyword" (only), "kwargs"
    has_default: bool
    annotation: str  # as text, "" for none


class Signature(NamedTuple):
    """What a callable takes; self and cls are left out where Python fills them in."""

    parameters: tuple[Parameter, ...]
    file: str
    line: int
    is_class: bool = False
    is_async: bool = False

    @property
    def takes_any(self) -> bool:
        return any(p.kind == "kwargs" for p in self.parameters)


def to_plain(signature: Signature) -> tuple[Any, ...]:
    """What can be kept."""
    return ([tuple(p) for p in signature.parameters], *signature[1:])


def from_plain(plain: tuple[Any, ...]) -> Signature:
    """What was kept."""
    return Signature(tuple(Parameter(*p) for p in plain[0]), *plain[1:])


def signature_of(names: Names, module: str, qualname: str) -> Signature | None:
    """None where the source doesn't tell: decorated, made by a call, inherited from elsewhere."""
    found = _locate(names, module, qualname)
    if found is None:
        return None
    home, name = found
    summary = names.summary(home)
    entry = summary.signatures.get(name)
    if entry is None or "?" in entry[2] or _is_rebound(summary, name):
        return None
    file = names.find(home).file
    if entry[0] == "def":
        return _of_function(entry, file, summary, name)
    return _of_class(names, home, name, file)


def _is_rebound(summary: Summary, name: str) -> bool:
    return len(summary.names.get(name.partition(".")[0], ())) != 1


def _locate(names: Names, module: str, qualname: str) -> tuple[str, str] | None:
    """The module and name where a callable is defined, through imports."""
    chain = tuple(qualname.split("."))
    for depth in range(1, len(chain) + 1):
        meanings = [m for m in names.resolve_attribute(module, chain[:depth]) if m[0] != "guards"]
        if len(meanings) != 1:
            return None
        if meanings[0][0] == "unit":
            home = str(meanings[0][1])
            summary = names.summary(home)
            unit = summary.units[int(meanings[0][2])]
            name = ".".join((unit.label, *chain[depth:]))
            return (home, name) if unit.kind in ("def", "class") and name in summary.signatures else None
    return None


def _of_function(entry: Any, file: str, summary: Summary, name: str) -> Signature:
    parameters = [Parameter(*p) for p in entry[1]]
    owner = summary.signatures.get(name.rpartition(".")[0])
    if owner is not None and owner[0] == "class" and "classmethod" in entry[2]:
        parameters = parameters[1:]
    return Signature(tuple(parameters), file, entry[3], is_async="async" in entry[2])


def _of_class(names: Names, home: str, name: str, file: str) -> Signature | None:
    """A class takes what its ``__init__`` takes, or a dataclass's fields."""
    line = names.summary(home).signatures[name][3]
    for _ in range(_DEPTH):
        signatures = names.summary(home).signatures
        entry = signatures.get(name)
        if entry is None or entry[0] != "class" or "?" in entry[2] or "?" in entry[1]:
            return None
        if f"{name}.__new__" in signatures:
            return None
        init = signatures.get(f"{name}.__init__")
        if init is not None:
            if "?" in init[2]:
                return None
            return Signature(tuple(Parameter(*p) for p in init[1][1:]), file, line, is_class=True)
        if "dataclass" in entry[2]:
            if entry[1]:
                return None
            return Signature(tuple(Parameter(*p) for p in entry[4]), file, line, is_class=True)
        if not entry[1] or entry[1] == ("object",):
            return Signature((), file, line, is_class=True)
        if len(entry[1]) > 1:
            return None
        found = _locate(names, home, entry[1][0])
        if found is None:
            return None
        home, name = found
    return None
