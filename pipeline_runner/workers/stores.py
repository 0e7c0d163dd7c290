"""The store as the worker uses it, opened once a process and URL."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from ..keys.canonical import plain_digest
from ..keys.long_lists import digest_like
from ..model.artifact import Artifact, CacheKey, Entry
from ..model.work import StoreAt
from .doubting import Doubter
from .imports import is_project_module

if TYPE_CHECKING:
    from ..store.locks import Locks


@lru_cache(maxsize=4)
def _opened(place: str | StoreAt, root: str) -> Any:
    from ..store.store import Store

    return Store.open(place, root)


def forget_stores() -> None:
    """Stores remember which blobs they have verified: once a run."""
    _opened.cache_clear()


class WorkerStore:
    """Decodes inputs, encodes outputs, commits entries."""

    def __init__(self, place: str | StoreAt, root: str, run: str = "", scratch: str | None = None) -> None:
        self._store = _opened(place, root)
        self._store.blobs.proofs.folder = scratch  # that the run's workers share
        if hasattr(self._store.files, "owner"):  # so that what a killed worker leaves can be told apart
            self._store.files.owner = run
        self._doubter = Doubter(self._store)

    def doubt(self, doubtful: bool) -> None:
        """Whether bytes that are stored already are read before they are taken for written: those of a
        result that was lost may be damaged too, and be found one by one."""
        self._store.blobs.doubtful = doubtful

    @property
    def locks(self) -> Locks | None:
        """Who computes what, on stores of this machine."""
        locks: Locks | None = self._store.task_locks
        return locks

    def made_since(self, key: CacheKey, since: float) -> Entry | None:
        """An entry that another run has made lately, if all of it is there."""
        entry = self._store.entries.single(key)
        if entry is None or entry.created < since:
            return None
        from ..store.census import missing_parts

        return None if missing_parts(self._store, entry) else entry

    @property
    def safe(self) -> bool:
        """Whether pickles are forbidden."""
        return bool(self._store.at.safe)

    def decode(self, artifact: Artifact) -> Any:
        from ..store.codecs import decode

        return decode(artifact, self._store)

    def encode(self, value: Any, like: str = "") -> Artifact:
        """Store a value. ``like``: what values are called that are much the same from run to run."""
        from ..store.codecs import encode

        digest_of: Callable[[Any], str] = plain_digest
        if like and type(value) is list:
            digest_of = partial(digest_like, path=os.path.join(self._store.index_dir, "lists", like))
        artifact: Artifact = encode(value, self._store, is_project_module, digest_of)
        self._doubter.look(value, artifact)
        return artifact

    def commit(self, entries: Sequence[Entry], replace: bool) -> None:
        self._store.commit(entries, replace)
        self._doubter.keep(entries)
