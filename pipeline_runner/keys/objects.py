"""The content digest of any value: plain data, arrays, frames, and objects by their pickle's parts.

An object is taken apart as pickle would (``__reduce_ex__``), and the digest is made of the parts:
sets and mappings without their order, shared parts like equal ones, so that neither an identity, nor
the order of a set, nor what a pickler remembers changes it. What cannot be taken apart honestly
raises ``Unhashable`` with the path that leads to it.

A numpy scalar counts as Python's where it is stored as such: as plain data, and as an element of a list,
which may come to be stored by itself. Within anything that is pickled it keeps its type.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path, PurePath
from typing import Any, NamedTuple

from .canonical import MAX_DEPTH, deep_recursion, is_plain, list_digest, plain_digest
from .digest import combine
from .reduced import is_global, place_of, reduced_digest
from .unhashable import TooDeep, Unhashable, short_repr, type_name

_REVISITS = 20_000  # visits of parts of cycles before they are told apart by number instead
_PLAIN = frozenset({type(None), bool, int, float, str, bytes, complex})
_CONTAINERS = frozenset({list, tuple, dict, set, frozenset})
_SCALAR_MODULES = frozenset({"datetime", "decimal", "numpy"})


class Content(NamedTuple):
    """What a value is made of."""

    digest: str
    classes: tuple[str, ...]  # "module:qualname" of the project's classes and functions in it
    buffers: dict[tuple[int, int], tuple[str, Any]]  # (address, bytes) -> digest, its owner (kept alive)

    def buffer_digest(self, address: int, size: int) -> str | None:
        """The digest of a piece of array memory in the value, if it was made on the way."""
        found = self.buffers.get((address, size))
        return found[0] if found else None


class Memory:
    """Large pieces of a value's memory (address, bytes), which are digested as they are written.

    The first look at the value only notes them, and what it gives is no digest if it noted any; the second
    knows theirs.
    """

    def __init__(self) -> None:
        self.later: set[tuple[int, int]] | None = set()
        self.known: dict[tuple[int, int], tuple[str, Any]] = {}  # digest and owner

    def knows(self, known: dict[tuple[int, int], tuple[str, Any]]) -> None:
        self.later, self.known = None, known


def content_digest(value: Any, is_project: Callable[[str], bool] | None = None) -> str:
    """The digest of the value's content. ``plain_digest`` for plain data."""
    return content(value, is_project).digest


def content(
    value: Any,
    is_project: Callable[[str], bool] | None = None,
    path_digest: Callable[[PurePath], str | None] | None = None,
    memory: Memory | None = None,
) -> Content:
    """The digest and what else storing the value needs to know.

    ``is_project``: whether a module belongs to the user's project. ``path_digest``: the digest that
    stands for a path whose file is stored along with the value; None for a path that is just text.
    """
    try:
        return _walk(value, is_project, path_digest, memory, numbered=False)
    except _Entangled:
        return _walk(value, is_project, path_digest, memory, numbered=True)
    except Unhashable as e:
        raise e.with_traceback(None) from None


def _walk(value: Any, is_project: Any, path_digest: Any, memory: Memory | None, *, numbered: bool) -> Content:
    walker = Walker(is_project, path_digest, numbered, memory)
    try:
        digest = walker.digest(value)
    except RecursionError:
        walker = Walker(is_project, path_digest, numbered, memory)
        with deep_recursion():
            digest = walker.digest(value)
    return Content(digest, tuple(sorted(walker.classes)), walker.buffers)


class _Entangled(Exception):
    """So many parts refer to each other that telling them by their position would never end."""


class Walker:
    """Goes through one value once. Its parts come from here and from ``arrays``."""

    def __init__(
        self, is_project: Any, path_digest: Any, numbered: bool, memory: Memory | None = None
    ) -> None:
        self.classes: set[str] = set()
        # with the owner: an address may be used again
        self.buffers: dict[tuple[int, int], tuple[str, Any]] = dict(memory.known) if memory else {}
        self.later = memory.later if memory else None
        self._is_project = is_project
        self._path_digest = path_digest
        self._numbered = numbered
        self._typed = False  # whether we are within something that keeps numpy's types
        self._known: tuple[dict[int, str], dict[int, str]] = (
            {},
            {},
        )  # id -> digest, of parts without an open
        # cycle; by ``_typed``
        self._alive: list[Any] = []  # keeps those parts, so that no id is used twice
        self._open: dict[int, int] = {}  # id -> depth, of what we are inside of
        self._lowest = MAX_DEPTH * 2  # the outermost part that the present one refers back to
        self._seen: dict[int, int] = {}  # id -> number, of parts within cycles
        self._revisits = 0
        self._marks: tuple[dict[int, bool], dict[int, bool]] = ({}, {})  # id of a container -> whether it is
        # plain data; by ``_typed``

    def digest(self, value: Any) -> str:
        """The digest of one part."""
        t = type(value)
        if t in _PLAIN:
            return plain_digest(value)
        known = self._known[self._typed].get(id(value))
        if known is not None:
            return known
        depth = len(self._open)
        above = self._open.get(id(value))
        if above is not None:
            self._lowest = min(self._lowest, above)
            return combine("back", [str(depth - above)])
        if depth > MAX_DEPTH:
            raise TooDeep("", type_name(t), f"nested more than {MAX_DEPTH} levels deep")
        if id(value) in self._seen:
            return self._again(value)
        return self._enter(value, depth)

    def _enter(self, value: Any, depth: int) -> str:
        lowest, self._lowest = self._lowest, MAX_DEPTH * 2
        self._open[id(value)] = depth
        try:
            found = self._content(value)
        finally:
            del self._open[id(value)]
        self._alive.append(value)
        if self._lowest >= depth:  # whatever it refers back to is within it
            self._known[self._typed][id(value)] = found
            self._lowest = lowest
        else:
            self._seen.setdefault(id(value), len(self._seen))
            self._lowest = min(self._lowest, lowest)
        return found

    def _again(self, value: Any) -> str:
        if self._numbered:
            return combine("seen", [str(self._seen[id(value)])])
        self._revisits += 1
        if self._revisits > _REVISITS:
            raise _Entangled
        return self._enter(value, len(self._open))

    def _is_plain(self, value: Any) -> bool:
        """Whether it is plain data through and through. Each container is looked at once."""
        is_scalar = _is_python_scalar if self._typed else _is_plain_scalar
        if type(value) not in _CONTAINERS:
            return is_scalar(value)
        marks = self._marks[self._typed]
        if id(value) in marks:
            return marks[id(value)]
        marks[id(value)] = False  # while it is open: what contains itself is not plain
        stack = [(value, _inside(value))]
        while stack:
            container, rest = stack[-1]
            for part in rest:
                if type(part) not in _CONTAINERS:
                    if not is_scalar(part):
                        return False  # nor is anything that it is in
                elif id(part) not in marks:
                    marks[id(part)] = False
                    stack.append((part, _inside(part)))
                    break
                elif not marks[id(part)]:
                    return False
            else:
                marks[id(container)] = True
                stack.pop()
        return True

    def child(self, value: Any, step: str) -> str:
        """The digest of a part, with the way to it in what an error says."""
        try:
            return self.digest(value)
        except Unhashable as e:
            raise e.within(step) from None

    # ---- kinds of values ---------------------------------------------------------------------------

    def _content(self, value: Any) -> str:
        t = type(value)
        if (t in _CONTAINERS or t.__module__ in _SCALAR_MODULES) and self._is_plain(value):
            return plain_digest(value)
        if t is list:
            return list_digest([self.child(v, f"[{i}]") for i, v in enumerate(value)])
        typed, self._typed = self._typed, True
        try:
            return self._composed(value, t)
        finally:
            self._typed = typed

    def _composed(self, value: Any, t: type) -> str:
        if t is tuple:
            return combine("tuple", [self.child(v, f"[{i}]") for i, v in enumerate(value)])
        if t is dict:
            return combine("dict", self.pairs(value.items()))
        if t in (set, frozenset):
            return combine(t.__name__, sorted(self.child(v, "{...}") for v in value))
        if isinstance(value, PurePath):
            return self._path(value)
        if is_global(value):
            return combine("global", [self.named(*place_of(value))])
        from .arrays import array_digest

        found = array_digest(value, self)
        return reduced_digest(value, self) if found is None else found

    def met(self, value: Any, args: Any, state: Any) -> None:
        """An object was taken apart; here for who looks closer (``doubts``)."""

    def keep(self, value: Any) -> None:
        """Keep what was made on the way, so that its id is not used twice."""
        self._alive.append(value)

    def pairs(self, items: Any) -> list[str]:
        pairs = [(self.child(k, f"[{short_repr(k)}]"), self.child(v, f"[{short_repr(k)}]")) for k, v in items]
        pairs.sort()
        return [d for pair in pairs for d in pair]

    def _path(self, value: PurePath) -> str:
        stored = self._path_digest(value) if self._path_digest else None
        if stored is None and type(value) is not type(Path()):
            return reduced_digest(value, self)  # of a class that says more
        return stored or combine("path", [value.as_posix()])

    def named(self, module: str, qualname: str) -> str:
        """A global by its name; noted if it is the project's."""
        if self._is_project is not None and self._is_project(module):
            self.classes.add(f"{module}:{qualname}")
        return f"{module}:{qualname}"


def _inside(container: Any) -> Iterator[Any]:
    if type(container) is dict:
        return (part for pair in container.items() for part in pair)
    return iter(container)


def _is_plain_scalar(value: Any) -> bool:
    return type(value) in _PLAIN or (type(value).__module__ in _SCALAR_MODULES and is_plain(value))


def _is_python_scalar(value: Any) -> bool:
    return type(value).__module__ != "numpy" and _is_plain_scalar(value)
