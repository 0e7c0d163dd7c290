"""The form of an entry: what its file, or its line in a pack, says, and what of that is to be believed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..model.artifact import ArgPart, Artifact, CacheKey, Damaged, Entry
from .sealed import Seals, Unsigned

VERSION = 1
CODECS = frozenset({"data", "bytes", "pickle", "file", "tree", "parts"})
SAFE_CODECS = CODECS - {"pickle"}
# why entries are treated as if they were not there
UNSIGNED, FORMAT, PICKLED = "unsigned", "format", "pickle"
CUT = Damaged("corrupt", "its entry is damaged")
_is: Callable[[Any, Any], bool] = isinstance
_MADE = ((int, float), (int, float), str, str)  # types of an entry's seconds, created, run, task
_ARTIFACT = (str, str, int, (str, type(None)), (str, type(None)), tuple, str)


class EntryReader:
    """Reads entries as a store's seals and its rule about pickles allow."""

    def __init__(self, seals: Seals, *, safe: bool) -> None:
        self.seals = seals
        self.codecs = SAFE_CODECS if safe else CODECS

    def read(self, data: bytes, key: CacheKey, line: bool) -> Entry | Damaged | str:
        """The entry in a file or a line of a pack, ``Damaged``, or why it does not count."""
        seals = self.seals
        try:
            place = str(key) if seals.signs else ""
            fields = (seals.unseal_line if line else seals.unseal)(data, place)
            if fields[0] != VERSION:
                return FORMAT
            entry = entry_from_json(fields, key)
            for artifact in entry.outputs.values():
                if artifact.codec not in self.codecs:
                    return PICKLED if artifact.codec in CODECS else FORMAT
            return entry
        except Unsigned:
            return UNSIGNED
        except (ValueError, TypeError, KeyError, IndexError, AttributeError):
            return CUT


def entry_to_json(e: Entry) -> list[Any]:
    """Lists rather than mappings: many of them are read before anything runs."""
    outputs = {name: [*a[:5], list(a.classes), a.type] for name, a in e.outputs.items()}
    return [VERSION, e.key.recipe, e.key.args, outputs, e.parts, e.seconds, e.created, e.run, e.task]


def entry_from_json(fields: list[Any], key: CacheKey) -> Entry:
    """Raises ``ValueError`` (or the like) for what is no entry, or that of another key."""
    _, recipe, args, outputs, parts, seconds, created, run, task = fields
    if recipe != key.recipe or args != key.args:
        raise ValueError("the entry of another key")
    found = {
        name: Artifact(digest_, codec, size, inline, blob, tuple(classes), type_)
        for name, (digest_, codec, size, inline, blob, classes, type_) in outputs.items()
    }
    whole = all(map(_is, (seconds, created, run, task), _MADE))
    if not whole or not all(all(map(_is, artifact, _ARTIFACT)) for artifact in found.values()):
        raise ValueError("made up by somebody")
    return Entry(key, found, {n: ArgPart._make(p) for n, p in parts.items()}, seconds, created, run, task)
