"""Where a module would be imported from: the search that Python makes, without importing.

Folders are listed once and compared by name, so that the answer is Python's own (also where file
names ignore case), and so that a listing can be checked again later.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from ..packages import Distributions
from .path import SUFFIXES

STD, DIST, MISSING, NAMESPACE, SOURCE, BINARY = "std", "dist", "missing", "namespace", "source", "binary"


_ARCHIVES = (".zip", ".egg", ".whl", ".pyz")


class Found(NamedTuple):
    """A module: kind, its file, its folders if it is a package, its distributions."""

    kind: str
    file: str = ""
    folders: tuple[tuple[str, str], ...] = ()  # (folder, the entry of the import path it is under)
    owners: tuple[str, ...] = ()
    searched: tuple[str, ...] = ()  # folders that were looked into

    @property
    def is_package(self) -> bool:
        return bool(self.folders)

    @property
    def is_project(self) -> bool:
        return self.kind in (SOURCE, BINARY)


class Folders(Protocol):
    """Listings of folders."""

    def entries(self, folder: str) -> frozenset[str]:
        """The entries that can be modules; folders end with "/"."""


class Finder:
    """Finds modules. Builtin and frozen ones can't be shadowed, all others can by what comes first."""

    def __init__(self, path: Sequence[str], distributions: Distributions, folders: Folders) -> None:
        self._path = path
        self._distributions = distributions
        self._folders = folders
        self._found: dict[str, Found] = {}
        self.folders_used: set[str] = set()
        library = os.path.dirname(os.path.abspath(os.__file__))
        self._library = {library, os.path.join(library, "lib-dynload")}

    def find(self, name: str) -> Found:
        found = self._found.get(name)
        if found is None:
            parent, _, _ = name.rpartition(".")
            found = self._found[name] = self._below(parent, name) if parent else self._top(name)
            self.folders_used.update(found.searched)
        return found

    def _top(self, name: str) -> Found:
        if name in sys.builtin_module_names:
            return Found(STD)
        searched: list[str] = []
        portions: list[tuple[str, str]] = []
        for entry in self._path:
            if entry in self._library:
                if name in sys.stdlib_module_names:
                    return Found(STD, searched=tuple(searched))
                continue
            searched.append(entry)
            found = self._in_folder(entry, entry, name, name)
            if found is None and entry.endswith(_ARCHIVES) and os.path.isfile(entry):  # mostly python311.zip
                found = self._in_archive(entry, name)
            if found is not None and found.kind != NAMESPACE:
                return found._replace(searched=tuple(searched))
            portions += found.folders if found is not None else ()
        if portions:
            return Found(NAMESPACE, "", tuple(portions), searched=tuple(searched))
        return self._redirected(name, tuple(searched))

    def _below(self, parent: str, name: str) -> Found:
        package = self.find(parent)
        if package.kind in (STD, DIST, MISSING):
            return package._replace(file="", folders=())
        redirected = self._redirected(name, package.searched)
        if redirected.kind != MISSING:
            return redirected
        last = name.rpartition(".")[2]
        searched = list(package.searched)
        portions: list[tuple[str, str]] = []
        for folder, entry in package.folders:
            searched.append(folder)
            found = self._in_folder(folder, entry, last, name)
            if found is not None and found.kind != NAMESPACE:
                return found._replace(searched=tuple(searched))
            portions += found.folders if found is not None else ()
        kind = NAMESPACE if portions else MISSING
        return Found(kind, "", tuple(portions), searched=tuple(searched))

    def _in_folder(self, folder: str, entry: str, last: str, name: str) -> Found | None:
        entries = self._folders.entries(folder)
        inner = os.path.join(folder, last)
        package = last + "/" in entries
        if package:
            inside = self._folders.entries(inner)
            for suffix in SUFFIXES:
                if "__init__" + suffix in inside:
                    file = os.path.join(inner, "__init__" + suffix)
                    return self._made(file, ((inner, entry),), entry, name)
        for suffix in SUFFIXES:
            if last + suffix in entries:
                return self._made(os.path.join(folder, last + suffix), (), entry, name)
        return Found(NAMESPACE, "", ((inner, entry),)) if package else None

    def _in_archive(self, entry: str, name: str) -> Found | None:
        """A zip on the import path counts as a whole, by its bytes."""
        import zipfile

        try:
            with zipfile.ZipFile(entry) as archive:
                inside = {n.split("/")[0].split(".")[0] for n in archive.namelist()}
        except (OSError, zipfile.BadZipFile):
            return None
        return Found(BINARY, entry) if name in inside else None

    def _made(self, file: str, folders: tuple[tuple[str, str], ...], entry: str, name: str) -> Found:
        owners = self._distributions.owners(entry, name)
        if owners:
            return Found(DIST, file, folders, owners)
        return Found(SOURCE if file.endswith(".py") else BINARY, file, folders)

    def _redirected(self, name: str, searched: tuple[str, ...]) -> Found:
        """Through the finder of an editable install, which comes last."""
        for site in self._distributions.sites.values():
            target = site.redirects.get(name)
            if target is not None:
                folder, last = os.path.split(target)
                if last.split(".")[0] == name.rpartition(".")[2]:
                    found = self._in_folder(folder, folder, last.split(".")[0], name)
                    if found is not None:
                        return found._replace(searched=(*searched, folder))
        for root in self._distributions.roots() if "." not in name else ():
            found = self._in_folder(root, root, name, name)
            searched = (*searched, root)
            if found is not None and found.is_project:
                return found._replace(searched=searched)
        return Found(MISSING, searched=searched)
