"""Files that run without being found on the import path: behind a path that is changed, and scripts.

They count by their bytes, and so does, again and again, every file that what they import may be.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from .finder import BINARY, DIST, MISSING, NAMESPACE, SOURCE
from .names import Names
from .search import Search

_MAYBE_ELSEWHERE = (MISSING, SOURCE, BINARY, NAMESPACE)


class Elsewhere:
    """Of one callable."""

    def __init__(self, names: Names, search: Search, roots: tuple[str, ...]) -> None:
        self._names = names
        self._search = search
        self._roots = roots
        self.files: dict[str, str] = {}  # -> what it may be imported as
        self.moved: tuple[str, int] | None = None  # the module and line that changes the import path
        self.packages = False  # ... or that of a package
        self._imports: dict[str, None] = {}  # outermost names of all imports
        self._inner: dict[str, None] = {}  # last names of what is imported from packages
        self._scripts: dict[str, None] = {}  # outermost names of the scripts' imports
        self._read: set[str] = set()

    def note_import(self, level: int, name: str, names: Iterable[str]) -> None:
        if not level:
            self._imports[name.partition(".")[0]] = None
        if level or "." in name:
            self._inner[name.rpartition(".")[2]] = None
        self._inner.update(dict.fromkeys(names))

    def add_script(self, path: str, module: str) -> bool:
        """A script, from the project's folders or the module's own; whether it is there."""
        own = os.path.dirname(self._names.find(module).file)
        for folder in (*self._roots, own):
            file = os.path.normpath(os.path.join(folder, path))
            if os.path.basename(file) in self._names.entries(os.path.dirname(file)):
                self.files[file] = "(script)"
                return True
        return False

    def look(self) -> list[tuple[str, str]]:
        """(module, kind) of what files found since imported; nothing once all is found."""
        if self.moved is not None:
            wanted = [n for n in self._imports if self._names.find(n).kind in _MAYBE_ELSEWHERE]
            wanted += self._inner if self.packages else ()
        else:
            wanted = [n for n in self._scripts if self._names.find(n).kind == MISSING]
        if wanted:
            for name, file in self._search.anywhere(wanted, self._roots):
                self.files.setdefault(file, name)
        out: list[tuple[str, str]] = []
        for file in [f for f in self.files if f not in self._read]:
            self._read.add(file)
            out += self._imported(file)
        return out

    def _imported(self, file: str) -> list[tuple[str, str]]:
        out = [("", "")]  # something was found, whatever it imports
        for unit in self._names.summary_of(file).units:
            for level, name, names in (*unit.imports_top, *unit.imports_in):
                self.note_import(level, name, names)
                if level:
                    continue
                self._scripts[name.partition(".")[0]] = None
                for module in self._names.imported("", 0, name, names):
                    kind = self._names.find(module).kind
                    if kind in (SOURCE, BINARY, DIST):
                        out.append((module, kind))
        return out

    def why(self, name: str) -> tuple[str, str]:
        """What a file was counted for: (where that is, why)."""
        if name == "(script)":
            return "", "run as a script"
        if name == "(any)":
            return "", "any file may be run"
        return self.moved[0] if self.moved else "(script)", f"may be imported as {name}"

    def warning(self) -> str | None:
        """For people, where the import path is changed."""
        if self.moved is None:
            return None
        found = sorted({n for n in self.files.values() if n.isidentifier()})
        lost = sorted(n for n in self._imports if self._names.find(n).kind == MISSING and n not in found)
        texts = [f"every file that may be {' or '.join(found)} counts"] if found else []
        texts += [f"{' and '.join(lost)}: not found in the project"] if lost else []
        return f"the import path is changed: {'; '.join(texts)}" if texts else None
