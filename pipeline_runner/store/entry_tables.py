"""Many entries of a recipe at once: what its packs and single files hold, as columns."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from itertools import compress, count
from typing import TYPE_CHECKING

from ..errors import StoreError
from ..model.alike import Ends
from ..model.artifact import CacheKey, Damaged, Entry
from ..model.table import Found, Table
from .entry_form import EntryReader
from .folders import Folders
from .packs import Packed, columns, count_of
from .packs import lines as pack_lines

if TYPE_CHECKING:
    from .files import FileStore

_MANY = 1000  # entries from which on their reading is no time to look for garbage


class EntryTables:
    """What is known of each recipe's packs. ``singles``: reads entries in files of their own."""

    def __init__(
        self,
        files: FileStore,
        reader: EntryReader,
        folders: Folders,
        singles: Callable[[Mapping[str, list[str]]], Mapping[CacheKey, Entry | Damaged]],
        ignored: dict[str, set[CacheKey]],
    ) -> None:
        self._files = files
        self._reader = reader
        self._folders = folders
        self._singles = singles
        self._ignored = ignored
        self._columns: dict[str, Packed] = {}  # recipe -> what its packs hold

    def find(self, recipe: str, args: Sequence[str]) -> Found:
        """What there is for many keys, proved by checksums; its packs are read whole."""
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
                    self._ignored.setdefault(entry, set()).add(CacheKey(recipe, args[k]))
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
                data = self.read_pack(name)
            packed.add(pack, *self._read_columns(recipe, data))
        return packed

    def _read_columns(self, recipe: str, data: bytes) -> tuple[Table, dict[str, Damaged | str]]:
        """What a pack holds; line by line where it has no columns, or none that can be trusted."""
        table = columns(data, recipe, self._reader.codecs, self._reader.seals)
        if table is not None:
            return table, {}
        good: dict[str, Entry] = {}
        odd: dict[str, Damaged | str] = {}
        for args, offset, length in pack_lines(data):
            entry = self._reader.read(data[offset : offset + length], CacheKey(recipe, args), True)
            if isinstance(entry, Entry):
                good[args] = entry
            else:
                odd[args] = entry
        return Table.of(list(good.values())), odd

    def forget_singles(self) -> None:
        """Others may have written them again."""
        for packed in self._columns.values():
            packed.singles = frozenset()

    def read_pack(self, name: str) -> bytes:
        """A pack's bytes; none where it cannot be read."""
        try:
            return self._files.read(name)
        except PermissionError as e:
            raise StoreError(f"cannot read from the store {self._files.url}: {e}") from e
        except OSError:  # gone since it was listed, or unreadable: its entries are not there
            return b""


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
