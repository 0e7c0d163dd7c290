"""The store's upkeep: what lies in it, and what of it can go."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import Problem, StoreError
from ..model.artifact import CacheKey, Entry
from ..store.census import Census
from ..store.entry_form import FORMAT
from ..store.store import Store
from ..store.sweep import GRACE, Limits, Roots, carry_out, is_internal, plan
from .records import kept, read_records, tasks_by_key

if TYPE_CHECKING:
    from .pipeline import Pipeline

KEEP_RUNS = 10
_MOST = 10  # biggest things that are told
_LOOKS = 3  # at the runs that go on, before anything is removed


class Kind(NamedTuple):
    """The files of one kind."""

    kind: str  # blobs, entries, recipes, runs, latest, files, trees, index, tmp, locks
    files: int
    bytes: int


class StepUse(NamedTuple):
    """What a step's results take."""

    pipeline: str
    step: str
    entries: int
    bytes: int
    seconds: float  # what computing them took


class Big(NamedTuple):
    """An output that takes much room."""

    pipeline: str
    task: str
    output: str
    type: str
    bytes: int
    run: str
    seconds: float


class Stats(NamedTuple):
    store: str
    bytes: int
    files: int
    runs: int
    entries: int
    damaged: int
    ignored: int  # of another format
    kinds: Sequence[Kind]
    steps: Sequence[StepUse]
    biggest: Sequence[Big]
    lone_entries: int  # that no run's record leads to
    lone_entry_bytes: int  # with the blobs that only they need
    lone_blobs: int  # that no entry needs
    lone_blob_bytes: int

    def to_json(self) -> dict[str, Any]:
        return {
            **self._asdict(),
            "kinds": [k._asdict() for k in self.kinds],
            "steps": [s._asdict() for s in self.steps],
            "biggest": [b._asdict() for b in self.biggest],
        }


class Swept(NamedTuple):
    """What ``gc`` removed, or would remove."""

    store: str
    dry_run: bool
    entries: int
    runs: int
    files: int
    bytes: int
    left_bytes: int
    seconds: float  # what it would take to compute again what went
    kinds: Sequence[Kind]
    costliest: Sequence[Big]

    def to_json(self) -> dict[str, Any]:
        return {
            **self._asdict(),
            "kinds": [k._asdict() for k in self.kinds],
            "costliest": [b._asdict() for b in self.costliest],
        }


class Upkeep:
    """Opens a store as it lies there: signatures do not matter for what only counts and removes."""

    def __init__(self, store: Store, *, now: Callable[[], float] = time.time) -> None:
        self.store = store
        self.now = now

    @classmethod
    def open(cls, store: str | None = None, pipeline_path: str | None = None) -> Upkeep:
        """The store given, or the pipeline's, or ``.prun`` in the current folder."""
        from .past_runs import store_meant

        opened = store_meant(store, pipeline_path)
        if opened.at.sign or opened.at.safe:
            opened = Store(opened.files)
        _refuse_none(opened)
        return cls(opened)

    # ---- stats -------------------------------------------------------------------------------------

    def stats(self) -> Stats:
        """Sizes, by kind and by step; the biggest outputs; what nothing refers to."""
        census = Census(self.store)
        records = read_records(self.store)
        tasks = tasks_by_key(records)
        blobs = census.blobs()
        linked = {k: e for k, e in census.entries.items() if k in tasks or is_internal(e)}
        used = census.needs_of(linked.values())
        lone = {k: e for k, e in census.entries.items() if k not in linked}
        only_lone = census.needs_of(lone.values()) - used
        sizes = {f.key: f.size for f in census.found if not f.hidden}
        nobody = [fact for b, fact in blobs.items() if b not in used and b not in only_lone]
        return Stats(
            self.store.url,
            sum(f.size for f in census.files.values()),
            len(census.files),
            len(records),
            len(census.entries),
            sum(not isinstance(f.entry, (Entry, str)) for f in census.found),
            sum(isinstance(f.entry, str) for f in census.found),
            _kinds(census),
            _by_step(census, tasks, sizes),
            _biggest(census, tasks, linked)[:_MOST],
            len(lone),
            sum(sizes[k] for k in lone) + sum(blobs[b].size for b in only_lone if b in blobs),
            len(nobody),
            sum(f.size for f in nobody),
        )

    # ---- gc ----------------------------------------------------------------------------------------

    def gc(
        self,
        *,
        keep_runs: int = KEEP_RUNS,
        older_than: float = 0.0,
        max_size: int | None = None,
        grace: float = GRACE,
        forget: float | None = None,
        dry_run: bool = False,
    ) -> Swept:
        """Remove what the last runs of each pipeline do not lead to.

        Args:
            keep_runs: of each pipeline; what they lead to stays.
            older_than: seconds; of the rest only what is older goes.
            max_size: bytes; beyond that results go that are reachable, too: those first that save
                most room for what they cost to compute again.
            grace: seconds for which whatever was written or used is left alone.
            forget: seconds; of a pipeline that has not run for so long nothing has to stay.
            dry_run: change nothing.
        """
        census = Census(self.store)
        newer = sum(f.entry == FORMAT for f in census.found)
        if newer:
            raise StoreError(
                Problem(
                    "newer-entries",
                    f"{newer:,} entries of the store {self.store.url} are of another version of prun: "
                    "this one cannot tell what they need",
                    None,
                    "run `prun cache gc` of the newest prun that uses this store",
                )
            )
        began = self.now()
        limits = Limits(began, grace, older_than, max_size)
        records = read_records(self.store)
        stay = kept(self.store, records, keep_runs, began, forget)
        decided = plan(census, Roots(*stay), limits)
        for _ in range(_LOOKS):  # has a run begun meanwhile, or noted what it relies on?
            records = read_records(self.store, records)
            now = kept(self.store, records, keep_runs, began, forget)
            if now == stay:
                break
            stay = now
            decided = plan(census, Roots(*stay), limits)
        if not dry_run and not decided.nothing:
            decided = carry_out(self.store, census, decided, now=self.now)
        going = {e.key: e for e in decided.entries}
        return Swept(
            self.store.url,
            dry_run,
            len(going),
            decided.runs,
            len(decided.files),
            decided.freed,
            decided.left,
            decided.seconds,
            [Kind(k, *decided.by_kind[k]) for k in sorted(decided.by_kind)],
            sorted(_biggest(census, tasks_by_key(records), going), key=lambda b: -b.seconds)[:_MOST],
        )


def open_for_verify(
    store: str | None, pipeline_path: str | None, profile: str | None = None
) -> tuple[Store, Pipeline | None]:
    """The store as its pipeline uses it, and the pipeline where there is one."""
    from .loading import DEFAULT_FILE
    from .past_runs import store_meant
    from .pipeline import Pipeline

    file = pipeline_path or DEFAULT_FILE
    if pipeline_path is None and not os.path.exists(file):
        opened, pipeline = store_meant(store, None), None
    else:
        pipeline = Pipeline.load(file, profile=profile, store=store)
        opened = pipeline._session(False).store
    _refuse_none(opened)
    return opened, pipeline


def _refuse_none(opened: Store) -> None:
    """A wrong path must not look like a store that is whole."""
    if opened.files.size("format") is None:
        raise StoreError(Problem("no-store", f"there is no store at {opened.url}", None, "run first"))


def _kinds(census: Census) -> list[Kind]:
    found: dict[str, list[int]] = {}
    for name, fact in census.files.items():
        top = name.partition("/")[0] if "/" in name else "other"
        counted = found.setdefault(top, [0, 0])
        counted[0] += 1
        counted[1] += fact.size
    return sorted((Kind(k, n, size) for k, (n, size) in found.items()), key=lambda k: (-k.bytes, k.kind))


def _by_step(
    census: Census, tasks: dict[CacheKey, tuple[str, str, str]], sizes: dict[CacheKey, int]
) -> list[StepUse]:
    entries: dict[tuple[str, str], list[Entry]] = {}
    for key, entry in census.entries.items():
        if key in tasks:
            entries.setdefault(tasks[key][:2], []).append(entry)
    blobs = census.blobs()
    found = []
    for (pipeline, step), some in entries.items():
        size = sum(blobs[b].size for b in census.needs_of(some) if b in blobs)
        size += sum(sizes[e.key] for e in some)
        found.append(StepUse(pipeline, step, len(some), size, sum(e.seconds for e in some)))
    return sorted(found, key=lambda s: (-s.bytes, s.pipeline, s.step))


def _biggest(
    census: Census, tasks: dict[CacheKey, tuple[str, str, str]], entries: dict[CacheKey, Entry]
) -> list[Big]:
    """Outputs, the biggest first; one that several entries share is told once."""
    found: dict[str, Big] = {}
    for key, entry in entries.items():
        pipeline, _, task = tasks.get(key, ("", "", entry.task))
        for name, a in entry.outputs.items():
            what = Big(pipeline, task, name, a.type, a.size, entry.run, entry.seconds)
            found.setdefault(a.blob or f"{key} {name}", what)
    return sorted(found.values(), key=lambda b: (-b.bytes, b.task))
