"""Entries: what a cache key leads to. One file each, or a pack for a batch of tiny tasks.

``entries/<recipe>/<args>.json`` holds one entry behind its checksum, and counts before any pack.
``entries/<recipe>/<time>-<digest>-<count>.pack`` holds one entry a line, each with its own checksum; of
two with the same key the later pack counts.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from itertools import compress, count
from typing import TYPE_CHECKING

from ..errors import StoreError
from ..model.alike import Ends
from ..model.artifact import Artifact, CacheKey, Damaged, Entry
from ..model.table import Found, Table
from .entry_form import CUT, EntryReader, entry_to_json
from .files import safe_name
from .folders import Folders
from .packs import Packed, columns, count_of, pack_name
from .packs import lines as pack_lines
from .packs import pack as pack_bytes
from .sealed import Seals

if TYPE_CHECKING:
    from .files import FileStore

_FEW = 8  # keys of one recipe that are looked for by name rather than in a listing
_MANY = 1000  # entries from which on their reading is no time to look for garbage
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
        self._columns: dict[str, Packed] = {}  # recipe -> what its packs hold

    # ---- reading ---------------------------------------------------------------------------------

    def lookup(self, keys: Sequence[CacheKey], refresh: bool = False) -> dict[CacheKey, Entry | Damaged]:
        """Those there are, proved by their checksums; what cannot be trusted as ``Damaged``."""
        if refresh:
            self._folders.forget()
            for packed in self._columns.values():
                packed.singles = frozenset()
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
        with no_gc(len(args)):
            packed = self._packs_of(recipe)
            if packed.needs_reading(args):
                del self._columns[recipe]
                packed = self._packs_of(recipe)
            ends = packed.ends(args)
            alone = self._alone(recipe, args, ends, packed.singles)
            found = Found(Table(len(args), recipe), {})
            for at, rows in packed.rows(args, ends, alone):
                found.table.take(at, packed.table, rows)
            odd = {**packed.odd, **alone}  # few
            for k in compress(count(), map(odd.__contains__, args)) if odd else ():
                entry = odd[args[k]]
                if args[k] not in alone and found.table.has(k):
                    continue  # a later pack has it whole
                if isinstance(entry, str):
                    self.ignored.setdefault(entry, set()).add(CacheKey(recipe, args[k]))
                else:
                    found.put(k, entry)
            return found

    def _alone(
        self, recipe: str, args: Sequence[str], ends: Ends, known: Set[str]
    ) -> dict[str, Entry | Damaged]:
        """What of these has a file of its own, but for what is known. Mostly that is new, and stands between
        the ends: else it is looked for in all of them."""
        there = self._folders.list([recipe])[recipe].singles - known
        wanted = there.intersection(args[ends.head : len(args) - ends.tail])
        if len(wanted) < len(there):
            wanted = there.intersection(args)
        return {key.args: entry for key, entry in self._singles({recipe: list(wanted)}).items()}

    def names(self, recipe: str) -> Sequence[str]:
        """The files in which the entries of a recipe stand: packs, and each ``ARGS.json``."""
        return self._files.list(f"entries/{recipe}")

    def begin(self, recipe: str, names: Sequence[str], table: Table, others: Set[str]) -> None:
        """Take what files were found to hold before, instead of reading them; ``others``: what packs among
        them hold besides."""
        if recipe not in self._columns:
            packs = [name for name in names if name.endswith(".pack")]
            singles = frozenset([name[:-5] for name in names if name.endswith(".json")])
            self._columns[recipe] = Packed()
            self._columns[recipe].begin(packs, singles, table, others)

    def besides(self, recipe: str, names: Iterable[str], args: Set[str], alone: Set[str]) -> list[str]:
        """What the packs among these files hold besides what a run has led to. They are read, unless it
        can be told from their names that they hold just what has been looked up and made.

        ``args``: of all that the run has led to; ``alone``: of what has files of its own.
        """
        packed = self._columns.setdefault(recipe, Packed())
        counts = [count_of(n) for n in names if n.endswith(".pack") and n not in packed.packs]
        made = packed.without(args) - alone
        if None in counts or sum(filter(None, counts)) != len(made):
            self._folders.forget(recipe)
            self.ahead(recipe)
        return packed.besides(args)

    def ahead(self, recipe: str) -> None:
        """Read the packs of a recipe, of which many entries will be looked for."""
        with no_gc(_MANY):
            self._packs_of(recipe)

    def _packs_of(self, recipe: str) -> Packed:
        """What all packs of a recipe hold: those that are new since the last time are read."""
        packed = self._columns.setdefault(recipe, Packed())
        new = [pack for pack in self._folders.list([recipe])[recipe].packs if pack not in packed.packs]
        ahead = {} if self._files.is_local else self._files.read_many(f"entries/{recipe}/{p}" for p in new)
        for pack in new:
            data = ahead.get(name := f"entries/{recipe}/{pack}")
            if not isinstance(data, bytes):
                data = self._read_pack(name)
            packed.add(pack, *self._read_columns(recipe, data))
        return packed

    def _read_columns(self, recipe: str, data: bytes) -> tuple[Table, dict[str, Damaged | str]]:
        """What a pack holds; line by line where it has no columns, or none that can be trusted."""
        table = columns(data, recipe, self._reader.codecs, self.seals)
        if table is not None:
            return table, {}
        good: dict[str, Entry] = {}
        odd: dict[str, Damaged | str] = {}
        for args, offset, length in pack_lines(data):
            entry = self.read(data[offset : offset + length], CacheKey(recipe, args), True)
            if isinstance(entry, Entry):
                good[args] = entry
            else:
                odd[args] = entry
        return Table.of(list(good.values())), odd

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
            data = self._read_pack(name) if data is None else data
            index = self._index(recipe, pack, data)
        here = index.keys() & wanted  # goes through the smaller of the two
        if not here:
            return
        if data is None:
            data = self._read_pack(name)
        for args in here:
            offset, length = index[args]
            yield args, data[offset : offset + length]

    def _index(self, recipe: str, pack: str, data: bytes | None) -> dict[str, tuple[int, int]]:
        name = f"entries/{recipe}/{pack}"
        index = self._packed.get(name)
        if index is None:
            data = self._read_pack(name) if data is None else data
            index = {args: (offset, length) for args, offset, length in pack_lines(data) if args}
            self._packed[name] = index
        return index

    def _read_pack(self, name: str) -> bytes:
        try:
            return self._files.read(name)
        except PermissionError as e:
            raise StoreError(f"cannot read from the store {self._files.url}: {e}") from e
        except OSError:  # gone since it was listed, or unreadable: its entries are not there
            return b""

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


@contextmanager
def no_gc(count: int) -> Iterator[None]:
    """Reading many entries makes many tuples and no garbage; looking for it would cost half."""
    if count < _MANY or not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
