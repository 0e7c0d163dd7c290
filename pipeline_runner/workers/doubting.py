"""Looking closer at a few of the objects that a worker stores: are they the same when they are loaded?

Small ones of each type only, and never for long: it is for a warning. Larger ones are left to
``prun cache verify``.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..model.artifact import Artifact, Entry
from .imports import is_project_module

if TYPE_CHECKING:
    from ..keys.doubts import Doubt
    from ..store.store import Store

_SMALL = 256 * 1024  # bytes of a pickle
_EACH = 4  # objects of a type
_SECONDS = 0.25  # of a process's time in all

_spent = 0.0
_looked: Counter[type] = Counter()


class Doubter:
    """The doubts about what one batch stored."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._found: dict[str, Doubt] = {}  # by content digest

    def look(self, value: Any, artifact: Artifact) -> None:
        """Never raises: whatever an object does when it is loaded, its readers will tell."""
        global _spent
        if artifact.codec != "pickle":
            if artifact.inline is not None and " at 0x" in artifact.inline:
                from ..keys.doubts import doubts_of_text

                self._note(artifact, doubts_of_text(artifact.inline))
            return
        if artifact.size > _SMALL or _spent > _SECONDS or _looked[type(value)] >= _EACH:
            return
        _looked[type(value)] += 1
        began = time.perf_counter()
        self._note(artifact, self._doubts(value, artifact))
        _spent += time.perf_counter() - began

    def _doubts(self, value: Any, artifact: Artifact) -> list[Doubt]:
        from ..keys.doubts import Doubt, doubts, doubts_of_loaded
        from ..store.codecs import decode

        try:
            found = doubts(value)
            again = decode(artifact, self._store)
            return found or doubts_of_loaded(again, artifact.digest, is_project_module)
        except Exception as error:
            why = f"it cannot be loaded again: {type(error).__name__}: {error}"[:200]
            return [Doubt(why, "pickle.loads(pickle.dumps(value)) must give it back")]

    def _note(self, artifact: Artifact, found: list[Doubt]) -> None:
        if found:
            self._found[artifact.digest] = found[0]

    def keep(self, entries: Sequence[Entry]) -> None:
        """Remember what was found of results that were committed."""
        if not self._found:
            return
        from ..store.doubts import add_doubts

        for entry in entries:
            doubts = {
                name: (a.type, *self._found[a.digest])
                for name, a in entry.outputs.items()
                if a.digest in self._found
            }
            if doubts and not entry.key.recipe.startswith("run-"):
                add_doubts(self._store.index_dir, entry.key.recipe, doubts)
