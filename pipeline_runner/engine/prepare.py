"""From a step's items to cache keys, and from keys to what the cache knows of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ..keys.cache_key import ArgsDigests
from ..keys.digest import combine
from ..model.artifact import ArgPart, Artifact, CacheKey, Damaged
from ..model.bound import Bound
from ..model.graph import Step
from ..model.names import task_id
from ..model.outcome import ErrorInfo
from ..model.table import Found, Table
from .bind import Args, Binder
from .depends import when_varies
from .known import MANY, KnownItems
from .ports import Cache, Code
from .references import BindError


class Candidate(NamedTuple):
    """One item, with its key. ``own``: its own arguments, None where ``Preparer.own`` binds them."""

    item: int
    key: CacheKey
    own: Args | None


class Candidates(NamedTuple):
    """Items of a step, with their keys: ``recipe`` and, for each, ``args``."""

    items: Sequence[int] = ()
    recipe: str = ""
    args: Sequence[str] = ()
    own: Mapping[int, Args] = {}  # by item, of those that ``Preparer.own`` does not bind
    skipped: Sequence[int] = ()  # ``when`` is false
    failed: Sequence[tuple[int, ErrorInfo]] = ()

    def candidate(self, i: int) -> Candidate:
        """The one at a position of ``items``."""
        k = self.items[i]
        return Candidate(k, CacheKey(self.recipe, self.args[i]), self.own.get(k))


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
        self.known: dict[str, KnownItems] = {}  # what is to be kept of large fan-outs
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
            return Candidates(skipped=skipped, failed=failed)
        try:
            shared = self.binder.shared_args(step)
        except BindError as error:
            failed = [*failed, *((k, bind_failure(error)) for k in chosen)]
            return Candidates(skipped=skipped, failed=failed)
        recipe = self.code.recipe(step.name).digest
        fixed = {name: part.digest for name, part in shared.parts.items()}
        names = self.binder.own_names(step) if step.fanout is not None else ()
        keys = ArgsDigests(fixed, names)
        columns, own = self._own_digests(step, chosen, names, failed)
        if failed:
            gone = {k for k, _ in failed}
            chosen = [k for k in chosen if k not in gone]
            if not chosen:
                return Candidates(skipped=skipped, failed=failed)
        if step.cache.enabled:
            return Candidates(chosen, recipe, self._args(step, keys, columns, chosen), own, skipped, failed)
        args = [combine("task", [self.id_of(step, k)]) for k in chosen]
        return Candidates(chosen, f"run-{self.binder.run_id}", args, own, skipped, failed)

    def _args(
        self, step: Step, keys: ArgsDigests, columns: Sequence[Sequence[str]], items: Sequence[int]
    ) -> Sequence[str]:
        if not columns:
            return [keys.of(())] * len(items)
        if len(columns) > 1 or len(items) < MANY:
            return keys.of_all(columns)
        known = self.binder.fanouts.items(step)
        args = keys.of_all(columns) if known is None else known.args_of(keys, columns[0])
        self._remember(step, keys, columns[0], args)
        return args

    def _remember(self, step: Step, keys: ArgsDigests, digests: Sequence[str], args: Sequence[str]) -> None:
        """Have it at hand for the next run, where these are all items of a fan-out."""
        items = self.binder.result(step.name).items
        if items is None or len(items) != len(args) or keys.around is None:
            return
        values = items.plain if items.digests(range(len(items))) is digests else None
        if values is None:
            # a copy: the column of a step that is followed changes when a lost result is made again
            digests = list(digests)
        self.known[step.name] = KnownItems(values, digests, keys.around, args)

    def _own_digests(
        self, step: Step, items: Sequence[int], names: Sequence[str], failed: list[tuple[int, ErrorInfo]]
    ) -> tuple[list[Sequence[str]], dict[int, Args]]:
        """What the items' own arguments give for their keys: column by column, or item by item where
        binding takes more, or fails for some of them (which are added to ``failed``)."""
        plain = step.fanout is None or self.binder.own_is_plain(step)
        if plain:
            try:
                return self.binder.own_digests(step, items) if names else [], {}
            except BindError:
                pass
        own: dict[int, Args] = {}
        rows: list[list[str]] = []
        for k in items:
            try:
                bound = self.binder.own_args(step, k)
                rows.append([bound.parts[name].digest for name in names])
            except BindError as error:
                failed.append((k, bind_failure(error)))
                continue
            if not plain:
                own[k] = bound
        return [list(column) for column in zip(*rows, strict=True)], own

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

    def look_up(self, step: Step, recipe: str, args: Sequence[str]) -> Found:
        """What the cache has, and where a look at it is due, can be read."""
        if not self.reusable(step) or not args:
            return Found(Table(len(args)), {})
        found = self.cache.find(recipe, args)
        if self.lost or self.paranoid or step.name in self.last:
            self._prove(step, found)
        return found

    def _prove(self, step: Step, found: Found) -> None:
        """A blob is verified when it is first read; of what nothing here reads, there is a look."""
        table = found.table
        if not any(any(column.blob) for column in table.outputs.values()):
            return
        for k in table.there():
            damaged = self._trouble(step, table.artifacts(k))
            if damaged is not None:
                table.clear(k)
                found.damaged[k] = damaged

    def _trouble(self, step: Step, outputs: Mapping[str, Artifact]) -> Damaged | None:
        for artifact in outputs.values():
            if artifact.blob in self.lost:
                return Damaged(self.lost[artifact.blob], artifact.blob[:12])
        if self.paranoid or step.name in self.last:
            return self.cache.prove(outputs, self.paranoid)
        return None

    def parts(self, step: Step, candidate: Candidate) -> dict[str, ArgPart]:
        """All parts of a candidate's key that are not the recipe's."""
        return {**self.binder.shared_args(step).parts, **self.own(step, candidate).parts}

    def split_key(self, bound: Bound) -> CacheKey:
        """Where the elements of a list are kept that only a worker can open."""
        return CacheKey(combine("split", ["1"]), bound.digest)


def bind_failure(error: BindError) -> ErrorInfo:
    kind = "when" if error.message.startswith("when:") else "input"
    return ErrorInfo(kind, error.message, hint=error.hint)
