"""Entries: what a cache key leads to. One file each, or a pack for a batch of tiny tasks.

``entries/<recipe>/<args>.json`` holds one entry behind its checksum, and counts before any pack.
``entries/<recipe>/<time>-<digest>-<count>.pack`` holds one entry a line, each with its own checksum; of
two with the same key the later pack counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from ..errors import StoreError
from ..model.artifact import Artifact, CacheKey, Damaged, Entry
from ..model.table import Found
from .entry_form import CUT, EntryReader, entry_to_json
from .entry_tables import EntryTables, no_gc
from .files import safe_name
from .folders import Folders
from .packs import lines as pack_lines
from .packs import pack as pack_bytes
from .packs import pack_name
from .sealed import Seals

if TYPE_CHECKING:
    from .files import FileStore

_FEW = 8  # keys of one recipe that are looked for by name rather than in a listing
_AT_ONCE = 32  # packs of one recipe that are read together from far away


class Entries:
    """The entries of a store."""

    def __init__(self, files: FileStore, seals: Seals | None = None, *, safe: bool = False) -> None:
        self._files = files
        self.seals = seals or Seals()
        self._reader = EntryReader(self.seals, safe=safe)
        self.read = self._reader.read
        self.ignored: dict[str, set[CacheKey]] = {}  # why -> entries that are there but do not count
        self._folders = Folders(files)
        self._packed: dict[str, dict[str, tuple[int, int]]] = {}  # pack -> args -> offset, length
        self.tables = EntryTables(files, self._reader, self._folders, self._singles, self.ignored)

    # ---- reading ---------------------------------------------------------------------------------

    def lookup(self, keys: Sequence[CacheKey], refresh: bool = False) -> dict[CacheKey, Entry | Damaged]:
        """Those there are, proved by their checksums; what cannot be trusted as ``Damaged``."""
        if refresh:
            self._folders.forget()
            self.tables.forget_singles()
        wanted: dict[str, list[str]] = {}
        for recipe, args in keys:
            wanted.setdefault(recipe, []).append(args)
        with no_gc(len(keys)):
            found = self._singles(wanted)
            missing = {r: {a for a in args if CacheKey(r, a) not in found} for r, args in wanted.items()}
            self._from_packs({r: args for r, args in missing.items() if args}, found)
        return found

    def find(self, recipe: str, args: Sequence[str]) -> Found:
        """What there is for many keys of a recipe, as columns; proved as by ``lookup``."""
        if len(args) <= _FEW:
            return Found.of(recipe, args, self.lookup([CacheKey(recipe, a) for a in args]))
        return self.tables.find(recipe, args)

    def names(self, recipe: str) -> Sequence[str]:
        """The files in which the entries of a recipe stand: packs, and each ``ARGS.json``."""
        return self._files.list(f"entries/{recipe}")

    def single(self, key: CacheKey) -> Entry | None:
        """The whole entry in a file of its own: one look, no listing."""
        if self._files.is_local and self._files.size(f"entries/{key.recipe}/{key.args}.json") is None:
            return None
        found = self._singles({key.recipe: [key.args]}).get(key)
        return found if isinstance(found, Entry) else None

    def recipe_entries(self, recipe: str) -> list[Entry]:
        """Every whole entry of a recipe."""
        self._folders.forget(recipe)
        folder = self._folders.list([recipe])[recipe]
        keys = [CacheKey(recipe, args) for args in folder.singles]
        for pack in folder.packs:
            keys.extend(CacheKey(recipe, args) for args in self._index(recipe, pack, None))
        return [e for e in self.lookup(list(dict.fromkeys(keys))).values() if isinstance(e, Entry)]

    def _singles(self, wanted: Mapping[str, list[str]]) -> dict[CacheKey, Entry | Damaged]:
        many = [r for r, args in wanted.items() if len(args) > _FEW]
        listed = self._folders.list(many) if many else {}
        names: dict[str, CacheKey] = {}
        for recipe, args in wanted.items():
            folder = listed.get(recipe)
            for a in args if folder is None else folder.singles.intersection(args):
                names[f"entries/{recipe}/{a}.json"] = CacheKey(recipe, a)
        found: dict[CacheKey, Entry | Damaged] = {}
        for name, data in self._files.read_many(names).items():
            key = names[name]
            if isinstance(data, PermissionError):
                raise StoreError(f"cannot read from the store {self._files.url}: {data}")
            self._keep(found, key, CUT if isinstance(data, OSError) else self.read(data, key, False))
        return found

    def _keep(
        self, found: dict[CacheKey, Entry | Damaged], key: CacheKey, entry: Entry | Damaged | str
    ) -> None:
        if isinstance(entry, str):
            self.ignored.setdefault(entry, set()).add(key)
        else:
            found[key] = entry

    def _from_packs(self, missing: Mapping[str, set[str]], found: dict[CacheKey, Entry | Damaged]) -> None:
        """Look into the latest packs first; far away, into several in one round trip."""
        folders = self._folders.list(missing) if missing else {}
        packs = {recipe: list(folder.packs) for recipe, folder in folders.items()}
        at_once = 1 if self._files.is_local else _AT_ONCE
        while packs := {recipe: left for recipe, left in packs.items() if left and missing[recipe]}:
            now = [(r, left.pop()) for r, left in packs.items() for _ in range(min(at_once, len(left)))]
            ahead = self._fetch(now, missing)
            for recipe, pack in now:
                for args, line in self._lines(recipe, pack, missing[recipe], ahead):
                    key = CacheKey(recipe, args)
                    self._keep(found, key, self.read(line, key, True))
                    if key in found:
                        missing[recipe].discard(args)

    def _fetch(self, packs: Iterable[tuple[str, str]], wanted: Mapping[str, set[str]]) -> dict[str, bytes]:
        """The bytes of packs that may hold what is wanted, where one request each would take long."""
        if self._files.is_local:
            return {}
        names = []
        for recipe, pack in packs:
            name = f"entries/{recipe}/{pack}"
            index = self._packed.get(name)
            if index is None or not wanted[recipe].isdisjoint(index):
                names.append(name)
        found = self._files.read_many(names) if len(names) > 1 else {}
        return {name: data for name, data in found.items() if isinstance(data, bytes)}

    def _lines(
        self, recipe: str, pack: str, wanted: set[str], ahead: Mapping[str, bytes]
    ) -> Iterator[tuple[str, bytes]]:
        """The lines of a pack that are wanted."""
        name = f"entries/{recipe}/{pack}"
        index = self._packed.get(name)
        data = ahead.get(name)
        if index is None:
            data = self.tables.read_pack(name) if data is None else data
            index = self._index(recipe, pack, data)
        here = index.keys() & wanted  # goes through the smaller of the two
        if not here:
            return
        if data is None:
            data = self.tables.read_pack(name)
        for args in here:
            offset, length = index[args]
            yield args, data[offset : offset + length]

    def _index(self, recipe: str, pack: str, data: bytes | None) -> dict[str, tuple[int, int]]:
        name = f"entries/{recipe}/{pack}"
        index = self._packed.get(name)
        if index is None:
            data = self.tables.read_pack(name) if data is None else data
            index = {args: (offset, length) for args, offset, length in pack_lines(data) if args}
            self._packed[name] = index
        return index

    def look_at_blobs(self, outputs: Mapping[str, Artifact]) -> Damaged | None:
        """What is wrong with a result's blobs as far as one look tells (local stores only)."""
        return self._blob_trouble(outputs) if self._files.is_local else None

    def _blob_trouble(self, outputs: Mapping[str, Artifact]) -> Damaged | None:
        for name, artifact in outputs.items():
            blob = artifact.blob
            if blob is None:
                continue
            size = self._files.size(f"blobs/{blob[:2]}/{blob}")
            what = f"output {name}" if name else "its output"
            if size is None:
                return Damaged("missing", f"{what} is no longer in the store")
            if artifact.codec != "tree" and size != artifact.size:
                return Damaged("corrupt", f"{what} has {size} of {artifact.size} bytes")
        return None

    # ---- writing ---------------------------------------------------------------------------------

    def commit(self, entries: Sequence[Entry], replace: bool = False) -> None:
        """Write entries. One that is there already and whole is kept unless ``replace``."""
        by_recipe: dict[str, list[Entry]] = {}
        for entry in entries:
            safe_name(entry.key.args)
            by_recipe.setdefault(safe_name(entry.key.recipe), []).append(entry)
        for recipe in by_recipe if self._files.is_local else ():
            self._folders.forget(recipe)
        for recipe, some in by_recipe.items():
            if len(some) > 1:
                some = self._commit_pack(recipe, some, replace)
            for entry in some:
                self._commit_one(entry, replace)

    def _commit_one(self, entry: Entry, replace: bool) -> None:
        name = f"entries/{entry.key.recipe}/{entry.key.args}.json"
        data = [self.seals.seal(entry_to_json(entry), str(entry.key))]
        if not replace and self._files.create(name, data):
            return
        key = entry.key
        if replace or not self._is_good(self._singles({key.recipe: [key.args]}).get(key)):
            self._files.write(name, data)

    def _is_good(self, there: Entry | Damaged | None) -> bool:
        """Whether what is there is worth keeping: whole, and its blobs too as far as one look tells."""
        return isinstance(there, Entry) and self._blob_trouble(there.outputs) is None

    def _commit_pack(self, recipe: str, entries: list[Entry], replace: bool) -> list[Entry]:
        """Write a pack; those that it cannot hold, because a single file would hide them."""
        seal = self.seals.seal_line
        lines = b"".join(seal(e.key.args, entry_to_json(e), str(e.key)) for e in entries)
        data = pack_bytes(lines, entries, self.seals)
        self._files.write(f"entries/{recipe}/{pack_name(data, len(entries))}", [data])
        if not replace:
            there = self._singles({recipe: [e.key.args for e in entries]})
            return [e for e in entries if e.key in there and not self._is_good(there[e.key])]
        singles = self._folders.list([recipe])[recipe].singles
        return [e for e in entries if e.key.args in singles]
