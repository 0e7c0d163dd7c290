"""`prun cache verify`: reads all that a store holds, and can run reused tasks again to compare."""

from __future__ import annotations

import mmap
import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ..model.artifact import CacheKey, Damaged
from ..store.blobs import blob_file
from ..store.census import Census, without_lines
from ..store.segments import is_whole
from .findings import BAD, DAMAGED_BLOB, DAMAGED_ENTRY, DAMAGED_RECORD, IGNORED, MISSING_BLOB, Finding
from .records import Record, read_records, tasks_by_key

if TYPE_CHECKING:
    from ..store.store import Store
    from .pipeline import Pipeline


class Verified(NamedTuple):
    store: str
    entries: int
    blobs: int
    bytes: int
    sampled: int  # tasks that ran again
    findings: Sequence[Finding]

    @property
    def bad(self) -> bool:
        """Whether something is damaged or does not reproduce."""
        return any(f.kind in BAD for f in self.findings)

    def to_json(self) -> dict[str, Any]:
        return {**self._asdict(), "ok": not self.bad, "findings": [f._asdict() for f in self.findings]}


def verify(
    store: Store,
    pipeline: Pipeline | None = None,
    *,
    sample: float = 0.0,
    seed: int | None = None,
    repair: bool = False,
    progress: Callable[[str], None] = lambda text: None,
) -> Verified:
    """Read every entry, record and blob.

    Args:
        store: as the pipeline uses it, so that signatures are checked, too.
        pipeline: whose types are looked at and whose tasks are run again; None: neither.
        sample: the share of the latest run's tasks to run again, 0 to 1.
        seed: which tasks that are; by chance if None.
        repair: remove what is damaged: it is computed again when it is needed.
        progress: told in a few words what is done.
    """
    census = Census(store)
    records = read_records(store)
    found = _Verification(store, census, records, repair)
    progress(f"reading {len(census.found):,} entries and {len(census.blobs()):,} blobs")
    found.entries()
    found.records()
    read = found.blobs()
    sampled = 0
    if pipeline is not None:
        from .stability import unstable_types

        progress("loading what is pickled")
        good = [e for k, e in census.entries.items() if k not in found.broken]
        found.findings += unstable_types(store, pipeline, good, found.tasks)
        if sample > 0:
            from .sample import run_again

            progress("running tasks again")
            sampled, more = run_again(store, pipeline, sample, seed)
            found.findings += more
    return Verified(store.url, len(census.found), len(census.blobs()), read, sampled, found.findings)


class _Verification:
    def __init__(self, store: Store, census: Census, records: Sequence[Record], repair: bool) -> None:
        self.store = store
        self.census = census
        self.repair = repair
        self.findings: list[Finding] = []
        self.broken: set[CacheKey] = set()  # entries that are gone, or are of no use
        self.tasks = {key: names[2] for key, names in tasks_by_key(records).items()}

    def _name(self, key: CacheKey) -> str:
        entry = self.census.entries.get(key)
        return self.tasks.get(key) or (entry.task if entry is not None else str(key))

    def entries(self) -> None:
        cut: dict[str, list[tuple[int, int]]] = {}
        ignored: dict[str, int] = {}
        for f in self.census.found:
            if isinstance(f.entry, str):
                ignored[f.entry] = ignored.get(f.entry, 0) + 1
            if not isinstance(f.entry, Damaged):
                continue
            self.broken.add(f.key)
            if self.repair:
                if f.line is None:
                    self.store.files.delete(f.file)
                else:
                    cut.setdefault(f.file, []).append(f.line)
            name = [self._name(f.key)] if f.key.args else []
            self.findings.append(Finding(DAMAGED_ENTRY, f.file, name, f.entry.detail, self.repair))
        for file, lines in cut.items():
            self.store.files.write(file, [without_lines(self.store.files.read(file), lines)])
        reasons = {"unsigned": "not signed with the store's key", "format": "of another version of prun",
                   "pickle": "pickles, which `serializers: safe` forbids"}  # fmt: skip
        for why, count in sorted(ignored.items()):
            what = "1 entry" if count == 1 else f"{count:,} entries"
            self.findings.append(Finding(IGNORED, what, [], reasons.get(why, why)))

    def records(self) -> None:
        """Run records, recipes, and what each pipeline gave last."""
        for name in self.census.files:
            top = name.partition("/")[0]
            if top not in ("runs", "recipes", "latest") or not name.endswith(".json"):
                continue
            try:
                self.store.seals.unseal(self.store.files.read(name), name)
            except FileNotFoundError:
                continue
            except (OSError, ValueError) as error:
                signed = type(error).__name__ == "Unsigned"
                if self.repair and not signed:
                    self.store.files.delete(name)
                self.findings.append(
                    Finding(
                        IGNORED if signed else DAMAGED_RECORD,
                        name,
                        [],
                        str(error),
                        self.repair and not signed,
                    )
                )

    def blobs(self) -> int:
        """Every blob by its digest; bytes read."""
        there = self.census.blobs()
        users: dict[str, list[CacheKey]] = {}
        for key, entry in self.census.entries.items():
            for blob in self.census.needs_of([entry]):
                users.setdefault(blob, []).append(key)
        read = 0
        for blob, fact in sorted(there.items()):
            read += fact.size
            if not self._whole(blob):
                self._blob_finding(DAMAGED_BLOB, blob, users.get(blob, []))
        for blob in sorted(users.keys() - there.keys()):
            if self.store.blobs.size(blob) is None:
                self._blob_finding(MISSING_BLOB, blob, users[blob])
        return read

    def _blob_finding(self, kind: str, blob: str, users: Sequence[CacheKey]) -> None:
        self.broken.update(users)
        if self.repair:
            if kind == DAMAGED_BLOB:  # the name of one that is missing may be made up, and lead elsewhere
                self.store.files.delete(blob_file(blob))
            for f in self.census.found:
                if f.key in users and f.line is None:  # those of packs are found to miss it
                    self.store.files.delete(f.file)
        names = list(dict.fromkeys(self._name(key) for key in users))
        detail = "" if names else "nothing refers to it"
        self.findings.append(Finding(kind, blob_file(blob), names, detail, self.repair))

    def _whole(self, blob: str) -> bool:
        """Read where it lies, not through a copy; gone meanwhile is not damaged."""
        files = self.store.files
        try:
            if not files.is_local:
                return is_whole(memoryview(files.read(blob_file(blob))), blob)
            with open(files.local_path(blob_file(blob)), "rb") as file:
                if os.fstat(file.fileno()).st_size == 0:
                    return is_whole(memoryview(b""), blob)
                with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped, memoryview(mapped) as v:
                    return is_whole(v, blob)
        except FileNotFoundError:
            return True
        except OSError:
            return False
