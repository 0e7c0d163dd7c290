"""Everything that lies in a store, read once: its files, its entries, and which blobs they need."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ..model.artifact import Artifact, CacheKey, Damaged, Entry
from .blobs import blob_file
from .entry_tables import no_gc
from .files import Fact
from .packs import lines as pack_lines
from .packs import without_columns
from .segments import head_of

if TYPE_CHECKING:
    from .store import Store

_AT_ONCE = 500  # files that are read in one go
_MANIFEST = b'{"tree":'  # how the blob of a folder begins


class Found(NamedTuple):
    """An entry as it lies in a file."""

    file: str
    key: CacheKey
    entry: Entry | Damaged | str  # text: why it does not count (``entry_form.UNSIGNED`` ...)
    size: int
    line: tuple[int, int] | None = None  # start and end, in a pack
    hidden: bool = False  # another one with the same key counts


class Census:
    """The files of a store by name, and its entries."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.files: dict[str, Fact] = store.files.walk("")
        with no_gc(len(self.files) * 100):  # a file may be a pack
            self.found: list[Found] = _hide(_read_all(store, self.files))
        self.entries: dict[CacheKey, Entry] = {
            f.key: f.entry for f in self.found if isinstance(f.entry, Entry) and not f.hidden
        }
        self._nested: dict[str, frozenset[str]] = {}

    def blobs(self) -> dict[str, Fact]:
        """Every blob by its digest."""
        return {name.rpartition("/")[2]: fact for name, fact in self.files.items() if is_blob(name)}

    def needs(self, artifact: Artifact) -> frozenset[str]:
        """The blobs that an artifact is made of, those within a folder or a pickle too."""
        if artifact.blob is None:
            return frozenset()
        if artifact.codec not in ("tree", "pickle", "parts"):
            return frozenset([artifact.blob])
        return self._needs(artifact.blob, 0) | {artifact.blob}

    def needs_of(self, entries: Iterable[Entry]) -> set[str]:
        return {blob for e in entries for a in e.outputs.values() for blob in self.needs(a)}

    def _needs(self, blob: str, depth: int) -> frozenset[str]:
        found = self._nested.get(blob)
        if found is None:
            refs = _refs(self.store, blob)
            found = frozenset(refs)
            if depth < 3:  # a pickle names folders, which name files: there is no more
                found = found.union(*(self._needs(ref, depth + 1) for ref in refs))
            self._nested[blob] = found
        return found


def is_blob(name: str) -> bool:
    return name.startswith("blobs/") and name.count("/") == 2


def missing_parts(store: Store, entry: Entry) -> list[str]:
    """The blobs of an entry that are not there, down to the last file of a folder."""
    wanted: set[str] = set()
    left = [a.blob for a in entry.outputs.values() if a.blob is not None]
    while left:
        blob = left.pop()
        if blob not in wanted:
            wanted.add(blob)
            left += _refs(store, blob)
    return [b for b in wanted if store.blobs.size(b) is None]


def _refs(store: Store, blob: str) -> list[str]:
    """The blobs that a blob names: a pickle those of its paths, a folder those of its files."""
    try:
        if not blob.isalnum():  # made up: it could name any file
            return []
        head = store.files.head(blob_file(blob), 1 << 16)
        if (header := head_of(head, lambda n: store.files.head(blob_file(blob), n))) is not None:
            return [r for r in header.get("refs", ()) if isinstance(r, str)]
        if not head.startswith(_MANIFEST):
            return []
        rows: Any = json.loads(store.files.read(blob_file(blob)))["tree"]
        return [row[4] for row in rows if row[4] and isinstance(row[4], str)]
    except (OSError, ValueError, TypeError, KeyError, IndexError, AttributeError):
        return []  # lost or damaged: what it named cannot be restored anyway


# ---- entries ---------------------------------------------------------------------------------------


def _read_all(store: Store, files: Iterable[str]) -> Iterator[Found]:
    names = [n for n in files if n.startswith("entries/") and n.count("/") == 2]
    for start in range(0, len(names), _AT_ONCE):
        for name, data in store.files.read_many(names[start : start + _AT_ONCE]).items():
            _, recipe, file = name.split("/")
            if file.endswith(".json"):
                key = CacheKey(recipe, file[:-5])
                if isinstance(data, OSError):
                    yield Found(name, key, Damaged("corrupt", str(data)), 0)
                else:
                    yield Found(name, key, store.entries.read(data, key, False), len(data))
            elif file.endswith(".pack") and not isinstance(data, OSError):
                yield from _lines(store, name, recipe, data)


def _lines(store: Store, name: str, recipe: str, data: bytes) -> Iterator[Found]:
    for args, offset, length in pack_lines(data):
        key = CacheKey(recipe, args)
        end = offset + length
        yield Found(name, key, store.entries.read(data[offset:end], key, True), length + 1, (offset, end))


def _hide(found: Iterable[Found]) -> list[Found]:
    """Mark those of which another with the same key counts: single files first, then later packs."""
    listed = sorted(found, key=lambda f: (f.line is not None, f.file), reverse=True)
    # what counts stands last now: packs from the latest, then the single files
    singles = [f for f in listed if f.line is None]
    packed = [f for f in listed if f.line is not None]
    seen: set[CacheKey] = set()
    result = []
    for f in [*singles, *packed]:
        counts = f.key not in seen
        if not isinstance(f.entry, str):
            seen.add(f.key)
        result.append(f if counts else f._replace(hidden=True))
    return result


def without_lines(data: bytes, gone: Sequence[tuple[int, int]]) -> bytes:
    """A pack without some of its lines, and without the columns that were made of all of them."""
    whole = without_columns(data)
    kept, at = [], 0
    for start, end in sorted(gone):
        kept.append(whole[at:start])
        at = end + 1
    kept.append(whole[at:])
    return b"".join(kept)
