"""From a step's items to cache keys, and from keys to what the cache knows of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ..keys.cache_key import ArgsDigests
from ..keys.digest import combine
from ..model.artifact import ArgPart, CacheKey, Damaged, Entry
from ..model.bound import Bound
from ..model.graph import Step
from ..model.names import task_id
from ..model.outcome import ErrorInfo
from .bind import Args, Binder
from .depends import when_varies
from .ports import Cache, Code
from .references import BindError


class Candidate(NamedTuple):
    """One item, with its key. ``own``: its own arguments, None where ``Preparer.own`` binds them."""

    item: int
    key: CacheKey
    own: Args | None


class Candidates(NamedTuple):
    ready: Sequence[Candidate]
    skipped: Sequence[int] = ()  # ``when`` is false
    failed: Sequence[tuple[int, ErrorInfo]] = ()


class Preparer:
    """Makes keys and looks them up. Shared by runs and plans, so both decide alike."""

    def __init__(
        self,
        binder: Binder,
        cache: Cache,
        code: Code,
        forced: frozenset[str] = frozenset(),
        *,
        paranoid: bool = False,
    ) -> None:
        self.binder = binder
        self.cache = cache
        self.code = code
        self.forced = forced
        self.paranoid = paranoid
        read = {need for step in binder.graph.steps.values() for need in step.needs}
        self.last = frozenset(name for name in binder.graph.steps if name not in read)  # read by nobody
        self.lost: dict[str, str] = {}  # blobs that could not be read, and how they are wrong

    def id_of(self, step: Step, item: int) -> str:
        items = self.binder.result(step.name).items
        return task_id(step.name, items.keys[item] if items is not None else None)

    def candidates(self, step: Step, items: Sequence[int]) -> Candidates:
        """Bind items and make their keys.

        Raises:
            Unknown: an argument depends on a step that has not given its result.
        """
        chosen, skipped, failed = self._held(step, items)
        if not chosen:
            return Candidates((), skipped, failed)
        try:
            shared = self.binder.shared_args(step)
        except BindError as error:
            return Candidates((), skipped, [*failed, *((k, bind_failure(error)) for k in chosen)])
        recipe = self.code.recipe(step.name).digest
        fixed = {name: part.digest for name, part in shared.parts.items()}
        names = self.binder.own_names(step) if step.fanout is not None else ()
        keys = ArgsDigests(fixed, names)
        plain = step.fanout is not None and self.binder.own_is_plain(step)
        ready: list[Candidate] = []
        for k in chosen:
            own = None
            try:
                if plain:
                    digests = self.binder.own_digests(step, k)
                else:
                    own = self.binder.own_args(step, k)
                    digests = [own.parts[name].digest for name in names]
            except BindError as error:
                failed.append((k, bind_failure(error)))
                continue
            if step.cache.enabled:
                key = CacheKey(recipe, keys.of(digests))
            else:
                key = CacheKey(f"run-{self.binder.run_id}", combine("task", [self.id_of(step, k)]))
            ready.append(Candidate(k, key, own))
        return Candidates(ready, skipped, failed)

    def _held(
        self, step: Step, items: Sequence[int]
    ) -> tuple[Sequence[int], list[int], list[tuple[int, ErrorInfo]]]:
        """The items whose condition holds, those where it does not, and where it cannot be told.

        Asked before an argument is bound: what is skipped needs none of them.
        """
        if step.when is None or (step.fanout is not None and not when_varies(step)):
            return items, [], []
        chosen: list[int] = []
        skipped: list[int] = []
        failed: list[tuple[int, ErrorInfo]] = []
        for k in items:
            try:
                (chosen if self.binder.holds(step, k) else skipped).append(k)
            except BindError as error:
                failed.append((k, bind_failure(error)))
        return chosen, skipped, failed

    def own(self, step: Step, candidate: Candidate) -> Args:
        """A candidate's own arguments; those that are cheap to bind are bound when they are needed."""
        if candidate.own is not None:
            return candidate.own
        return self.binder.own_args(step, candidate.item)

    def reusable(self, step: Step) -> bool:
        """Whether a hit would count for the step."""
        return step.cache.enabled and step.name not in self.forced

    def look_up(self, step: Step, keys: Sequence[CacheKey]) -> Mapping[CacheKey, Entry | Damaged]:
        if not self.reusable(step):
            return {}
        found = self.cache.lookup(keys)
        if not self.lost and not self.paranoid and step.name not in self.last:
            return found
        return {key: self._proved(step, entry) for key, entry in found.items()}

    def _proved(self, step: Step, entry: Entry | Damaged) -> Entry | Damaged:
        """A blob is verified when it is first read; of what nothing here reads, there is a look."""
        if not isinstance(entry, Entry):
            return entry
        for artifact in entry.outputs.values():
            if artifact.blob in self.lost:
                return Damaged(self.lost[artifact.blob], artifact.blob[:12])
        if self.paranoid or step.name in self.last:
            return self.cache.prove(entry, self.paranoid) or entry
        return entry

    def parts(self, step: Step, candidate: Candidate) -> dict[str, ArgPart]:
        """All parts of a candidate's key that are not the recipe's."""
        return {**self.binder.shared_args(step).parts, **self.own(step, candidate).parts}

    def split_key(self, bound: Bound) -> CacheKey:
        """Where the elements of a list are kept that only a worker can open."""
        return CacheKey(combine("split", ["1"]), bound.digest)


def bind_failure(error: BindError) -> ErrorInfo:
    kind = "when" if error.message.startswith("when:") else "input"
    return ErrorInfo(kind, error.message, hint=error.hint)
