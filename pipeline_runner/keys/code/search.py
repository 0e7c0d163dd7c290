"""Modules that no import names: all below a prefix, all of a name in any folder, all files."""

from __future__ import annotations

import os

from .finder import BINARY, NAMESPACE
from .names import Names

_NOT_OURS = ("site-packages/", "dist-packages/", "node_modules/")


class Search:
    """Goes through the project's folders, by the listings that are kept anyway."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._below: dict[str, list[str]] = {}

    def modules_of(self, prefix: str, roots: tuple[str, ...]) -> list[str]:
        """Every module of the project below its roots whose name begins so."""
        if prefix in self._below:
            return self._below[prefix]
        found: dict[str, None] = {}
        pending: list[tuple[str, str]] = [(root, "") for root in roots]
        seen: set[str] = set()
        while pending:
            folder, package = pending.pop()
            real = os.path.realpath(folder)
            if real in seen:
                continue
            seen.add(real)
            for entry in sorted(self._names.entries(folder)):
                name = package + entry.rstrip("/").split(".")[0]
                if not name.rpartition(".")[2].isidentifier():
                    continue
                if entry in _NOT_OURS:
                    continue
                if entry.endswith("/"):
                    if name.startswith(prefix) or prefix.startswith(name + "."):
                        pending.append((os.path.join(folder, entry[:-1]), name + "."))
                elif name.startswith(prefix) and not name.endswith("__init__"):
                    found[name] = None
                elif name.endswith(".__init__") and name[:-9].startswith(prefix):
                    found[name[:-9]] = None
        self._below[prefix] = sorted(
            m for m in found if self._names.find(m).kind in (NAMESPACE, BINARY, "source")
        )
        return self._below[prefix]

    def anywhere(self, names: list[str], roots: tuple[str, ...]) -> list[tuple[str, str]]:
        """(name, file) of every module or file of a package of these names, in any folder below."""
        found: dict[tuple[str, str], None] = {}
        wanted = set(names)
        pending: list[tuple[str, str]] = [(root, "") for root in roots]
        seen: set[tuple[str, str]] = set()
        own = {self._names.find(n).file for n in names}
        own_folders = {f for n in names for f, _ in self._names.find(n).folders}
        while pending:
            folder, inside = pending.pop()
            inside = "" if folder in own_folders else inside
            real = os.path.realpath(folder)
            if (real, inside) in seen:
                continue
            seen.add((real, inside))
            for entry in sorted(self._names.entries(folder)):
                stem = entry.rstrip("/").split(".")[0]
                name = inside or (stem if stem in wanted else "")
                if entry.endswith("/") and entry not in _NOT_OURS:
                    pending.append((os.path.join(folder, entry[:-1]), name))
                elif name:
                    found[(name, os.path.join(folder, entry))] = None
        return sorted(pair for pair in found if pair[1] not in own)

    def loose(self, roots: tuple[str, ...]) -> list[str]:
        """Source files that can't be imported by a name, only run from their path."""
        found: set[str] = set()
        pending: list[tuple[str, bool]] = [(root, False) for root in roots]
        seen: set[tuple[str, bool]] = set()
        while pending:
            folder, odd = pending.pop()
            real = (os.path.realpath(folder), odd)
            if real in seen:
                continue
            seen.add(real)
            for entry in self._names.entries(folder):
                stem = entry.rstrip("/").split(".")[0]
                is_odd = odd or not stem.isidentifier()
                if entry.endswith("/") and entry not in _NOT_OURS:
                    pending.append((os.path.join(folder, entry[:-1]), is_odd))
                elif entry.endswith(".py") and is_odd:
                    found.add(os.path.join(folder, entry))
        return sorted(found)
