"""The records of a store's runs, read for its upkeep: which entries each run leads to."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ..model.artifact import CacheKey
from ..model.names import task_id
from ..store.runs import new_run_id
from .reached import NOTES, keys_noted
from .runner import RUNNING
from .step_record import read_steps

if TYPE_CHECKING:
    from ..store.store import Store

RECORD_FORMAT = 2  # of runs/<id>/run.json
OPEN_FOR = 7 * 86400.0  # seconds for which a run may be going on that is not over, or was killed


class Led(NamedTuple):
    """A task of a run and the entry that it led to."""

    step: str
    task: str
    key: CacheKey


class Record(NamedTuple):
    """What upkeep wants to know of a run."""

    run: str
    pipeline: str
    place: str  # of its file: pipelines of one name are told apart by it
    status: str
    started: float
    same_as: str | None  # the run whose record has the tasks, where nothing had changed
    steps: Mapping[str, Any]
    reached: Sequence[CacheKey] = ()  # keys that an unfinished run has noted

    def led(self) -> Iterator[Led]:
        """Its tasks that led to an entry."""
        for step, about in self.steps.items():
            names = about.get("keys")
            for k, key in enumerate(about.get("entries") or ()):
                if key:
                    yield Led(step, task_id(step, names[k] if names else None), CacheKey(*key))

    def led_keys(self) -> set[CacheKey]:
        return {led.key for led in self.led()}.union(self.reached)


def read_records(store: Store, before: Sequence[Record] = ()) -> list[Record]:
    """All that are whole, the newest first. ``before``: as read a moment ago; of those only the runs
    that were not over are read again."""
    closed = {r.run: r for r in before if r.status != RUNNING}
    found = (closed.get(run) or read_record(store, run) for run in store.runs.list_runs())
    return [record for record in found if record is not None]


def read_record(store: Store, run: str) -> Record | None:
    found = store.runs.read_json(run, "run")
    if not isinstance(found, dict):
        return None
    try:
        status = str(found["status"])
        reached = tuple(keys_noted(store.runs.read_json(run, NOTES))) if status == RUNNING else ()
        return Record(
            run,
            str(found["pipeline"]),
            str(found.get("place") or found.get("file") or ""),
            status,
            float(found["started"]),
            found.get("same_as"),
            read_steps(found, store.runs),
            reached,
        )
    except (KeyError, TypeError, ValueError):
        return None


def place_of(file: str, store: Store) -> str:
    """Where a pipeline's file lies, seen from the store: of two of the same name each is one of its own,
    and a project that moves together with its store stays the one it was."""
    if not store.files.is_local:
        return file
    try:
        return os.path.relpath(os.path.realpath(file), os.path.realpath(store.url)).replace(os.sep, "/")
    except ValueError:  # on another drive
        return file


def run_id_after(store: Store, known: Iterable[str], now: float) -> str:
    """A new run's id, which sorts after those of earlier runs, though the clock was set back since.

    ``known``: earlier runs that are known without looking; only if it is not after these, all are asked.
    """
    made = new_run_id(now)
    before = [run for run in known if run >= made]
    if not before:
        return made
    import calendar

    newest = max([*before, *store.runs.list_runs()[:1]])
    return new_run_id(calendar.timegm(time.strptime(newest[:15], "%Y%m%d-%H%M%S")) + 1.0)


class Kept(NamedTuple):
    """What the last runs of each pipeline lead to."""

    keys: set[CacheKey]
    runs: set[str]
    open_keys: set[CacheKey]


def kept(
    store: Store, records: Sequence[Record], keep_runs: int, now: float, forget: float | None = None
) -> Kept:
    """The last ``keep_runs`` runs of each pipeline, those that may be going on, and what they need.

    ``forget``: seconds after which a pipeline that has not run counts no more.
    """
    lasted = forgotten(records, now, forget) if forget is not None else set()
    by_id = {r.run: r for r in records}
    counted: dict[tuple[str, str], int] = {}
    runs: set[str] = set()
    open_runs: set[str] = set()
    for record in records:
        which = record.pipeline, record.place
        count = counted[which] = counted.get(which, 0) + 1
        if record.status == RUNNING and now - record.started < OPEN_FOR:
            open_runs.add(record.run)
        if count <= keep_runs and record.run not in lasted:
            runs.add(record.run)
    if keep_runs:
        runs |= _latest(store) - lasted
    runs |= open_runs
    for run in list(runs):  # a record may refer to another for its tasks
        seen = run
        while (record_ := by_id.get(seen)) is not None and record_.same_as and record_.same_as not in runs:
            seen = record_.same_as
            runs.add(seen)
    keys = {key for run in runs if run in by_id for key in by_id[run].led_keys()}
    return Kept(keys, runs, {key for run in open_runs for key in by_id[run].led_keys()})


def forgotten(records: Sequence[Record], now: float, after: float) -> set[str]:
    """The runs of pipelines that have not run for so long: of checkouts that are gone, most likely."""
    last: dict[tuple[str, str], float] = {}
    for r in records:
        last[r.pipeline, r.place] = max(last.get((r.pipeline, r.place), 0.0), r.started)
    return {r.run for r in records if now - last[r.pipeline, r.place] > after}


def _latest(store: Store) -> set[str]:
    """The runs in which each step last gave something: reasons are told from their records."""
    found: set[str] = set()
    for name in store.files.list("latest"):
        steps = store.runs.read_latest(name.removesuffix(".json")) if name.endswith(".json") else None
        for about in steps.values() if isinstance(steps, dict) else ():
            if isinstance(about, dict) and isinstance(about.get("run"), str):
                found.add(about["run"])
    return found


def tasks_by_key(records: Sequence[Record]) -> dict[CacheKey, tuple[str, str, str]]:
    """Key -> pipeline, step and task, as the newest run that led there calls them."""
    found: dict[CacheKey, tuple[str, str, str]] = {}
    for record in records:
        for led in record.led():
            found.setdefault(led.key, (record.pipeline, led.step, led.task))
    return found
