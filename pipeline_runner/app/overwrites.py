"""`publish:` writes over nothing that the run is made of, and no two results at one place.

Told before anything runs, as far as params and lists in the file say where a result goes. Where a name
comes from a step, the publisher asks ``Sources`` before it writes.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ..engine.depends import gone_over, varies_by_item
from ..engine.expand import Expander, SplitNeeded
from ..engine.references import BindError
from ..engine.results import Unknown
from ..errors import BlobLost
from ..keys.listing import is_pattern
from ..model.graph import Files, Ref, Step, Text
from ..model.names import task_id
from ..resolve.select import above
from .sources import Sources, inside, same, samefile

if TYPE_CHECKING:
    from ..engine.bind import Binder
    from ..model.artifact import ArgPart
    from .session import Session

_ELSEWHERE = "publish it at a path of its own, for instance in a folder reports/"


class _Target(NamedTuple):
    """Where a task publishes something."""

    step: str
    task: str
    item: int | None
    template: Text | str
    shown: str
    path: str


class _Read(NamedTuple):
    """A file or a folder that a step tracks."""

    step: str
    argument: str
    path: str


class Overwrites:
    """Collects what is wrong with the places where results are published."""

    def __init__(self, session: Session, binder: Binder, expander: Expander) -> None:
        self.session = session
        self.graph = binder.graph
        self.binder = binder
        self.expander = expander

    def found(self) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
        """Where it is written, what is wrong, what to do."""
        steps = [step for step in self.graph.steps.values() if step.publish]
        if not steps:
            return
        targets = [(at, target) for step in steps for at, target in self._targets(step)]
        sources = Sources(self.session, self.graph)
        reads = _ByName(read for step in self.graph.steps.values() for read in self._reads(step))
        before = {name: above(self.graph, [name]) for name in {read.step for read in reads.all}}
        for at, target in targets:
            if is_url(target.shown):
                yield at, *no_url(target.shown)
                continue
            what = sources.at(target.path)
            if what is not None:
                yield at, f"{target.shown!r} is {what}, and would be overwritten", _ELSEWHERE
            for read in reads.at(target.path):
                if target.step not in before[read.step]:
                    yield at, *_overwritten(target, read, read.step in above(self.graph, [target.step]))
        yield from self._together(targets)

    # ---- where results go ------------------------------------------------------------------------

    def _targets(self, step: Step) -> Iterator[tuple[tuple[str | int, ...], _Target]]:
        for output, template in step.publish.items():
            at: tuple[str | int, ...] = ("steps", step.name, "publish")
            for task, item, shown in self._paths(step, template):
                path = _absolute(self.graph.root, shown)
                yield (*at, output) if output else at, _Target(step.name, task, item, template, shown, path)

    def _paths(self, step: Step, template: Text | str) -> Iterator[tuple[str, int | None, str]]:
        """The tasks whose places can be told now, with these."""
        refs = [p for p in template.parts if isinstance(p, Ref)] if isinstance(template, Text) else []
        if any(ref.root == "run" for ref in refs):
            return  # a new place each time
        for item in self._items(step):
            try:
                shown = self.binder.text(template, step, item)
            except BindError:
                continue  # told elsewhere
            items = self.binder.result(step.name).items
            key = items.keys[item] if items is not None and item is not None else None
            yield task_id(step.name, key), item, shown

    def _items(self, step: Step) -> Sequence[int | None]:
        """The items of a fan-out that can be told now; None stands for a step's one task."""
        if step.fanout is None:
            return [None]
        if gone_over(step):
            return []
        result = self.binder.result(step.name)
        try:
            if result.items is None:
                result.expand(self.expander.expand(step))
        except (BindError, Unknown, SplitNeeded, BlobLost):
            return []
        return range(result.count or 0)

    # ---- what is read ----------------------------------------------------------------------------

    def _reads(self, step: Step) -> Iterator[_Read]:
        for name, binding in step.args.items():
            if not isinstance(binding, Files) or name in step.cache.ignore:
                continue
            for item in self._items(step) if varies_by_item(binding) else [None]:
                for text in self._texts(binding, step, item):
                    yield from (_Read(step.name, name, path) for path in self._files(text))

    def _texts(self, binding: Files, step: Step, item: int | None) -> Sequence[str]:
        source = binding.source
        try:
            if not isinstance(source, Ref):
                return [self.binder.text(source, step, item)]
            value = self.binder.plain(self.binder.bound(source, step, item), source.text)
        except (BindError, Unknown, BlobLost):
            return []
        values = value if isinstance(value, (list, tuple)) else [value]
        return [v for v in values if isinstance(v, str) and "://" not in v]

    def _files(self, text: str) -> Sequence[str]:
        path = _absolute(self.graph.root, text)
        if os.path.lexists(path) or not is_pattern(text):
            return [path]
        try:
            return self.session.files.track(text).paths
        except (OSError, ValueError):
            return []

    # ---- two at one place ------------------------------------------------------------------------

    def _together(
        self, targets: Sequence[tuple[tuple[str | int, ...], _Target]]
    ) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
        seen: dict[str, _Target] = {}
        told = set()
        for at, target in targets:
            other = seen.setdefault(target.path.casefold(), target)
            if other is target or (other.step, target.step) in told:
                continue
            if self._are_one(other, target):
                told.add((other.step, target.step))
                yield at, *_at_one_place(other, target)

    def _are_one(self, a: _Target, b: _Target) -> bool:
        if a.path != b.path:
            return folds_case(b.path)
        if a.step != b.step or a.item == b.item:
            return a.template != b.template  # else it was told when the file was read
        step = self.graph.steps[a.step]
        try:  # equal items give the same
            return self._parts(step, a) != self._parts(step, b)
        except BindError:
            return False

    def _parts(self, step: Step, target: _Target) -> Mapping[str, ArgPart]:
        assert target.item is not None  # only a fan-out has two tasks
        return self.binder.own_args(step, target.item).parts


class _ByName:
    """What is read, found by where something is written."""

    def __init__(self, reads: Iterable[_Read]) -> None:
        self.all = list(reads)
        self._files: dict[str, list[_Read]] = {}
        self._folders: list[_Read] = []
        for read in self.all:
            if os.path.isdir(read.path):
                self._folders.append(read)
            else:
                self._files.setdefault(os.path.basename(read.path).casefold(), []).append(read)

    def at(self, target: str) -> Iterator[_Read]:
        for read in self._files.get(os.path.basename(target).casefold(), ()):
            if same(read.path, target):
                yield read
        yield from (read for read in self._folders if inside(target, read.path) is not None)


def is_url(path: str) -> bool:
    return "://" in path


def no_url(path: str) -> tuple[str, str]:
    """What is said of a result that should go to a URL: taken for a path, it would make a folder 's3:'."""
    return f"'publish' takes a path, not the URL {path}", "publish a file, and copy it there in a step"


def folds_case(path: str) -> bool:
    """Whether the disk takes upper and lower case for the same, where a path lies: found out by looking."""
    folder = os.path.dirname(path)
    while not os.path.isdir(folder):
        above_it = os.path.dirname(folder)
        if above_it == folder:
            return False
        folder = above_it
    try:
        names = [os.path.join(folder, name) for name in os.listdir(folder)]
    except OSError:
        names = []
    for there in (*names, folder):
        head, name = os.path.split(there)
        if name.swapcase() != name:
            return samefile(there, os.path.join(head, name.swapcase()))
    return False


def _overwritten(target: _Target, read: _Read, follows: bool) -> tuple[str, str]:
    by = "the step itself" if read.step == target.step else repr(read.step)
    below = "" if inside(target.path, read.path) is None else "below "
    message = (
        f"{target.shown!r} is {below}what {by} tracks (files.{read.argument}): "
        "each run would change what the next one reads"
    )
    if follows or read.step == target.step:
        return message, _ELSEWHERE
    return message, f"{_ELSEWHERE}; or let {read.step!r} come after it: needs: [{target.step}]"


def _at_one_place(a: _Target, b: _Target) -> tuple[str, str]:
    hint = "name the item in the path" if a.step == b.step else _ELSEWHERE
    if a.path == b.path:
        return f"{b.shown!r} is published by {a.task} too", hint
    message = f"{b.shown!r} of {b.task} and {a.shown!r} of {a.task} are one file here"
    return f"{message}: this disk does not tell upper from lower case", hint


def _absolute(root: str, path: str) -> str:
    return os.path.normpath(os.path.join(root, os.path.expanduser(path)))
