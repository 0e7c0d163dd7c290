"""What a run is made of, and where it lies: nothing is ever published over it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ..keys.code import CodeError

if TYPE_CHECKING:
    from ..model.graph import Graph
    from .session import Session


class Sources:
    """The pipeline's files, its code, the files of its secrets."""

    def __init__(self, session: Session, graph: Graph) -> None:
        self._named: dict[str, list[tuple[str, str]]] = {}  # lower-case name -> path, what it is
        self._add(graph.file, "the pipeline's own file")
        for path in graph.included:
            self._add(path, "a file that the pipeline includes")
        for name, source in graph.secrets.items():
            kind, _, path = source.partition(":")
            if kind == "file":
                self._add(os.path.join(graph.root, path), f"the file of the secret {name}")
        for name in graph.steps:
            try:
                sources = session.recipes.recipe(name).sources
            except CodeError:
                continue  # told elsewhere
            for path in sources:
                self._add(
                    path,
                    f"code of step {name!r}" if path.endswith(".py") else f"read by the code of {name!r}",
                )

    def at(self, target: str) -> str | None:
        """What would be overwritten at an absolute path; None if nothing of the run."""
        for path, what in self._named.get(os.path.basename(target).casefold(), ()):
            if same(path, target):
                return what
        return None

    def within(self, target: str, source: str) -> str | None:
        """Likewise of a folder that is published: what lies where one of its files goes."""
        for found in self._named.values():
            for path, what in found:
                rest = inside(path, target)
                if rest is not None and os.path.lexists(os.path.join(source, rest)):
                    return what
        return None

    def _add(self, path: str, what: str) -> None:
        known = self._named.setdefault(os.path.basename(path).casefold(), [])
        if all(path != other for other, _ in known):
            known.append((path, what))


def same(path: str, target: str) -> bool:
    """Whether to write at the target is to write over the path; their names differ in case at most."""
    if path == target:
        return True
    if os.path.basename(path) == os.path.basename(target):
        return samefile(os.path.dirname(path), os.path.dirname(target))
    return samefile(path, target)


def samefile(a: str, b: str) -> bool:
    """Whether two paths lead to one file or folder that is there."""
    try:
        return os.path.samefile(a, b)
    except (OSError, ValueError):
        return False


def inside(path: str, folder: str) -> str | None:
    """A path from a folder on; None where it is not below it."""
    prefix = folder if folder.endswith(os.sep) else folder + os.sep
    return path[len(prefix) :] if path.startswith(prefix) else None
