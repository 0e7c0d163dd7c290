"""What of the code itself something may read: docstrings, annotations, source, frames."""

from __future__ import annotations

from collections.abc import Iterable

from . import known
from .finder import DIST

_FRAMES = frozenset(["__subclasses__", "__globals__", "f_globals", "f_back"])


class Readers:
    """Noticed on the way; it applies to all that is reached."""

    def __init__(self) -> None:
        self.docs = False
        self.annotations = False
        self.source = False
        self.frames = False  # every definition of a module that is loaded may be found
        self.curious = False  # some package looks at docstrings and annotations of what it is handed
        self.every_package = False

    def note_names(self, special: Iterable[str]) -> None:
        """Names in the source that tell of it."""
        names = frozenset(special)
        self.docs = self.docs or "__doc__" in names
        self.annotations = self.annotations or not names.isdisjoint(["__annotations__", "__annotate__"])
        self.frames = self.frames or not names.isdisjoint(_FRAMES)

    def note_foreign(self, dotted: str, kind: str) -> None:
        """Something of the standard library or of a package is used."""
        if kind == "std":
            self.docs = self.docs or known.reads_docs(dotted, True)
            self.annotations = self.annotations or known.reads_annotations(dotted, True)
            self.source = self.source or known.starts(dotted, known.READS_SOURCE)
            self.frames = self.frames or known.starts(dotted, known.SEES_ALL)
        if kind == DIST and known.reads_annotations(dotted, False):
            self.curious = True
        if dotted == "importlib.metadata.entry_points":
            self.every_package = True
