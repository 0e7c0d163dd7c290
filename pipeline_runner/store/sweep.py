"""What of a store can go, and letting it go. Which runs and keys are to be kept is the caller's to say.

Safe beside a running run: what was written or used within the grace period stays, and each file's
age is looked at again right before it is removed. Should a run nevertheless have relied on something
that goes, it finds it missing and computes it again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ..keys.digest import digest
from ..model.artifact import CacheKey, Entry
from .blobs import blob_file
from .census import Census, Found, is_blob, without_lines
from .local import may_be_written
from .locks import TASKS
from .runs import log_name

if TYPE_CHECKING:
    from .store import Store

GRACE = 3600.0  # seconds for which nothing that was written is touched
INDEX_AGE = 30 * 86400.0  # after which what an index folder holds of former code and params goes


class Roots(NamedTuple):
    """What has to stay."""

    keys: Collection[CacheKey]  # entries that kept runs lead to
    runs: Collection[str]  # records that stay
    open_keys: Collection[CacheKey] = ()  # those of runs that may be running: never up to ``max_size``


class Limits(NamedTuple):
    """Beyond what is reachable. ``older_than``: seconds; only what is older goes."""

    now: float
    grace: float = GRACE
    older_than: float = 0.0
    max_size: int | None = None


class Plan(NamedTuple):
    """What goes. Sizes in bytes."""

    entries: Sequence[Entry]  # those that count, with what they cost
    files: Sequence[str]  # whole files
    lines: Mapping[str, Sequence[tuple[int, int]]]  # of packs that stay
    by_kind: Mapping[str, tuple[int, int]]  # kind -> how many, bytes
    freed: int
    left: int  # bytes that stay
    seconds: float  # to compute again what goes
    runs: int

    @property
    def nothing(self) -> bool:
        return not self.files and not self.lines


class _Young:
    """Whether something was written too lately to go."""

    def __init__(self, census: Census, limits: Limits) -> None:
        self._files = census.files
        self._before = limits.now - max(limits.grace, limits.older_than)
        self._month = min(self._before, limits.now - INDEX_AGE)

    def __call__(self, name: str) -> bool:
        return self._since(name, self._before)

    def of_this_month(self, name: str) -> bool:
        return self._since(name, self._month)

    def _since(self, name: str, when: float) -> bool:
        fact = self._files.get(name)
        return fact is not None and fact.mtime > when


def plan(census: Census, roots: Roots, limits: Limits) -> Plan:
    """Decide what goes; nothing is changed."""
    young = _Young(census, limits)
    where = {f.key: f for f in census.found if not f.hidden}
    kept = _kept_entries(census, roots, where, young)
    going = _other_files(census, kept, roots, young)
    if limits.max_size is not None:
        left = sum(f.size for name, f in census.files.items() if name not in going)
        left -= sum(f.size for f in census.found if f.line is not None and f.key not in kept)
        strict = _Young(census, limits._replace(older_than=0.0))
        cheap = _cheapest(census, kept, where, left - limits.max_size, roots, strict)
        if cheap:
            kept = {key: entry for key, entry in kept.items() if key not in cheap}
            going = _other_files(census, kept, roots, young)
    return _counted(census, kept, going, young, roots)


def _kept_entries(
    census: Census, roots: Roots, where: Mapping[CacheKey, Found], young: _Young
) -> dict[CacheKey, Entry]:
    keys = {*roots.keys, *roots.open_keys}
    kept = {k: e for k, e in census.entries.items() if k in keys or young(where[k].file)}
    known = {a.digest for e in kept.values() for a in e.outputs.values()}
    known |= {p.digest for e in kept.values() for p in e.parts.values()}
    for key, entry in census.entries.items():
        if key in kept or not is_internal(entry):
            continue
        if (
            entry.run in roots.runs
            or key.args in known
            or any(a.digest in known for a in entry.outputs.values())
        ):
            kept[key] = entry
    return kept


def is_internal(entry: Entry) -> bool:
    """Made by prun for itself: a list that was split, a file that was rendered to be published."""
    return entry.task.endswith(")")


def _other_files(census: Census, kept: Mapping[CacheKey, Entry], roots: Roots, young: _Young) -> set[str]:
    """All whole files that go with the entries that go, and leftovers."""
    blobs = census.needs_of(kept.values())
    recipes = {key.recipe for key in kept}
    logs = {f"runs/{e.run}/{log_name(e.task)}" for e in kept.values()}
    living = {f.file for f in census.found if f.key in kept and not f.hidden}

    def needed(name: str) -> bool:
        top, _, rest = name.partition("/")
        if top == "blobs" and is_blob(name):
            return name.rpartition("/")[2] in blobs
        if top in ("files", "trees"):  # restored from blobs
            return rest.split("/")[1:2] == [] or rest.split("/")[1] in blobs
        if top == "entries":
            return name in living
        if top == "recipes":
            return rest.removesuffix(".json") in recipes
        if top == "runs":
            return rest.partition("/")[0] in roots.runs or name in logs
        if top == "tmp":
            return may_be_written(rest.partition("/")[0])
        if top == "index":  # to lose one costs time, once
            return "/" not in rest or young.of_this_month(name)
        if top == "locks":
            return rest == TASKS
        return top != "blobs"

    return {name for name in census.files if not needed(name) and not young(name)}


def _cheapest(
    census: Census, kept: Mapping[CacheKey, Entry], where: Mapping[CacheKey, Found], excess: int,
    roots: Roots, young: Callable[[str], bool],
) -> set[CacheKey]:  # fmt: skip
    """Entries that go to save ``excess`` bytes: first those that save most for what they cost."""
    if excess <= 0:
        return set()
    needs = {key: census.needs_of([e]) for key, e in kept.items()}
    users: dict[str, int] = {}
    for blobs in needs.values():
        for b in blobs:
            users[b] = users.get(b, 0) + 1
    sizes = {b: census.files[f].size for b in users if (f := blob_file(b)) in census.files}

    def price(key: CacheKey) -> float:
        share = sum(sizes.get(b, 0) / users[b] for b in needs[key]) + where[key].size
        return kept[key].seconds / max(share, 1.0)

    open_keys = set(roots.open_keys)
    gone: set[CacheKey] = set()
    for key in sorted(kept, key=lambda k: (price(k), k)):
        if excess <= 0:
            break
        if key in open_keys or young(where[key].file):
            continue
        gone.add(key)
        excess -= where[key].size
        for b in needs[key]:
            users[b] -= 1
            if not users[b] and not young(blob_file(b)):
                excess -= sizes.get(b, 0)
    return gone


def _counted(
    census: Census, kept: Mapping[CacheKey, Entry], going: set[str], young: _Young, roots: Roots
) -> Plan:
    lines: dict[str, list[tuple[int, int]]] = {}
    gone: list[Entry] = []
    cut = 0
    for f in census.found:
        stays = f.key in kept and not f.hidden
        if f.line is not None and f.file not in going and not stays and not young(f.file):
            lines.setdefault(f.file, []).append(f.line)
            cut += f.size
        elif f.file not in going:
            continue
        if isinstance(f.entry, Entry) and not f.hidden and f.key not in kept:
            gone.append(f.entry)
    by_kind: dict[str, tuple[int, int]] = {}
    for name in going:
        kind = name.partition("/")[0]
        count, size = by_kind.get(kind, (0, 0))
        by_kind[kind] = (count + 1, size + census.files[name].size)
    if lines:
        count, size = by_kind.get("entries", (0, 0))
        by_kind["entries"] = (count, size + cut)
    freed = sum(census.files[name].size for name in going) + cut
    total = sum(f.size for f in census.files.values())
    runs = {n.split("/")[1] for n in going if n.startswith("runs/") and n.endswith("/run.json")}
    seconds = sum(e.seconds for e in gone if not is_internal(e))
    return Plan(gone, sorted(going), lines, by_kind, freed, total - freed, seconds, len(runs))


# ---- doing it --------------------------------------------------------------------------------------

_ORDER = ("latest", "runs", "entries", "recipes", "files", "trees", "blobs", "tmp", "locks", "index")


def carry_out(store: Store, census: Census, decided: Plan, *, now: Callable[[], float] = time.time) -> Plan:
    """Let it go, what leads to other things first. What went: all but files that were used meanwhile."""
    for name, gone in decided.lines.items():
        _shorten(store, name, gone)
    groups: dict[str, list[str]] = {}
    for name in decided.files:
        groups.setdefault(name.partition("/")[0], []).append(name)
    stayed: set[str] = set()
    for top in sorted(groups, key=_ORDER.index):
        names = [n for n in groups[top] if top != "locks" or _unlock(store, n)]
        for start in range(0, len(names), 200):
            these = names[start : start + 200]
            some = [n for n in these if _unchanged(store, census, n)]
            stayed.update(set(these).difference(some), store.files.delete_many(some))
    return _without(decided, census, stayed) if stayed else decided


def _without(decided: Plan, census: Census, stayed: set[str]) -> Plan:
    by_kind = dict(decided.by_kind)
    for name in stayed:
        kind = name.partition("/")[0]
        count, size = by_kind[kind]
        by_kind[kind] = (count - 1, size - census.files[name].size)
    size = sum(census.files[name].size for name in stayed)
    return decided._replace(
        files=[name for name in decided.files if name not in stayed],
        by_kind={kind: what for kind, what in by_kind.items() if what[0]},
        freed=decided.freed - size,
        left=decided.left + size,
    )


def _unchanged(store: Store, census: Census, name: str) -> bool:
    """Whether nobody has written or used it since it was looked at (local stores)."""
    if not store.files.is_local:
        return True
    fact = store.files.fact(name)
    return fact is not None and fact.mtime == census.files[name].mtime


def _unlock(store: Store, name: str) -> bool:
    """A lock's file is removed by who holds the lock, so that nobody holds one that is gone."""
    from .locks import sweep

    sweep(store.files.local_path(name))
    return False


def _shorten(store: Store, name: str, gone: Iterable[tuple[int, int]]) -> None:
    """Write a pack anew without some lines, under another name: who has read its index goes on."""
    try:
        data = store.files.read(name)
    except FileNotFoundError:
        return
    left = without_lines(data, list(gone))
    folder, _, file = name.rpartition("/")
    new = f"{folder}/{file.partition('-')[0]}-{digest(left)[:16]}.pack"
    if new != name:
        store.files.write(new, [left])
        store.files.delete(name)
