"""The content digest of any value: plain data, arrays, frames, and objects by their pickle's parts.

An object is taken apart as pickle would (``__reduce_ex__``), and the digest is made of the parts:
sets and mappings without their order, shared parts like equal ones, so that neither an identity, nor
the order of a set, nor what a pickler remembers changes it. What cannot be taken apart honestly
raises ``Unhashable`` with the path that leads to it.
"""

from __future__ import annotations

import copyreg
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import PurePath
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any, NamedTuple

from .canonical import MAX_DEPTH, deep_recursion, is_plain, list_digest, plain_digest
from .digest import combine
from .unhashable import TooDeep, Unhashable, short_repr, type_name

_REVISITS = 20_000  # visits of parts of cycles before they are told apart by number instead
_PLAIN = frozenset({type(None), bool, int, float, str, bytes, complex})
_CONTAINERS = frozenset({list, tuple, dict, set, frozenset})
_SCALAR_MODULES = frozenset({"datetime", "decimal", "numpy"})
_HINTS = {
    "generator": "return a list instead",
    "coroutine": "await it first",
    "module": "return what it holds",
    "_io.TextIOWrapper": "return its pathlib.Path instead of an open file",
    "_io.BufferedReader": "return its pathlib.Path instead of an open file",
    "_io.BufferedWriter": "return its pathlib.Path instead of an open file",
    "_thread.lock": "leave it out of the state (__getstate__)",
    "_thread.RLock": "leave it out of the state (__getstate__)",
    "_io.FileIO": "return its pathlib.Path instead of an open file",
}


class Content(NamedTuple):
    """What a value is made of."""

    digest: str
    classes: tuple[str, ...]  # "module:qualname" of the project's classes and functions in it
    buffers: dict[tuple[int, int], tuple[str, Any]]  # (address, bytes) -> digest, its owner (kept alive)

    def buffer_digest(self, address: int, size: int) -> str | None:
        """The digest of a piece of array memory in the value, if it was made on the way."""
        found = self.buffers.get((address, size))
        return found[0] if found else None


def content_digest(value: Any, is_project: Callable[[str], bool] | None = None) -> str:
    """The digest of the value's content. ``plain_digest`` for plain data."""
    return content(value, is_project).digest


def content(
    value: Any,
    is_project: Callable[[str], bool] | None = None,
    path_digest: Callable[[PurePath], str | None] | None = None,
) -> Content:
    """The digest and what else storing the value needs to know.

    ``is_project``: whether a module belongs to the user's project. ``path_digest``: the digest that
    stands for a path whose file is stored along with the value; None for a path that is just text.
    """
    try:
        return _walk(value, is_project, path_digest, numbered=False)
    except _Entangled:
        return _walk(value, is_project, path_digest, numbered=True)
    except Unhashable as e:
        raise e.with_traceback(None) from None


def _walk(value: Any, is_project: Any, path_digest: Any, numbered: bool) -> Content:
    walker = Walker(is_project, path_digest, numbered)
    try:
        digest = walker.digest(value)
    except RecursionError:
        walker = Walker(is_project, path_digest, numbered)
        with deep_recursion():
            digest = walker.digest(value)
    return Content(digest, tuple(sorted(walker.classes)), walker.buffers)


class _Entangled(Exception):
    """So many parts refer to each other that telling them by their position would never end."""


class Walker:
    """Goes through one value once. Its parts come from here and from ``arrays``."""

    def __init__(self, is_project: Any, path_digest: Any, numbered: bool) -> None:
        self.classes: set[str] = set()
        self.buffers: dict[tuple[int, int], tuple[str, Any]] = {}  # the owner: an address may be used again
        self._is_project = is_project
        self._path_digest = path_digest
        self._numbered = numbered
        self._known: dict[int, str] = {}  # id -> digest, of parts without an open cycle
        self._alive: list[Any] = []  # keeps those parts, so that no id is used twice
        self._open: dict[int, int] = {}  # id -> depth, of what we are inside of
        self._lowest = MAX_DEPTH * 2  # the outermost part that the present one refers back to
        self._seen: dict[int, int] = {}  # id -> number, of parts within cycles
        self._revisits = 0
        self._marks: dict[int, bool] = {}  # id of a container -> whether it is plain data

    def digest(self, value: Any) -> str:
        """The digest of one part."""
        t = type(value)
        if t in _PLAIN:
            return plain_digest(value)
        known = self._known.get(id(value))
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
            self._known[id(value)] = found
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
        if type(value) not in _CONTAINERS:
            return is_plain(value)
        marks = self._marks
        if id(value) in marks:
            return marks[id(value)]
        marks[id(value)] = False  # while it is open: what contains itself is not plain
        stack = [(value, _inside(value))]
        while stack:
            container, rest = stack[-1]
            for part in rest:
                if type(part) not in _CONTAINERS:
                    if not _is_plain_scalar(part):
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
        if t is tuple:
            return combine("tuple", [self.child(v, f"[{i}]") for i, v in enumerate(value)])
        if t is dict:
            return combine("dict", self._pairs(value.items()))
        if t in (set, frozenset):
            return combine(t.__name__, sorted(self.child(v, "{...}") for v in value))
        if isinstance(value, PurePath):
            return self._path(value)
        if isinstance(value, type) or t is FunctionType or (t is BuiltinFunctionType and _is_global(value)):
            return combine("global", [self.name(value)])
        if t is ModuleType:
            raise Unhashable("", "module", _HINTS["module"])
        from .arrays import array_digest

        found = array_digest(value, self)
        return self._reduced(value) if found is None else found

    def _pairs(self, items: Any) -> list[str]:
        pairs = [(self.child(k, f"[{short_repr(k)}]"), self.child(v, f"[{short_repr(k)}]")) for k, v in items]
        pairs.sort()
        return [d for pair in pairs for d in pair]

    def _path(self, value: PurePath) -> str:
        stored = self._path_digest(value) if self._path_digest else None
        return stored or combine("path", [value.as_posix()])

    def name(self, value: Any) -> str:
        """``module:qualname`` of a class or function, which must be found there."""
        qualname = str(getattr(value, "__qualname__", None) or getattr(value, "__name__", ""))
        module = str(getattr(value, "__module__", None) or _module_of(value, qualname))
        what = "class" if isinstance(value, type) else "function"
        if "<lambda>" in qualname:
            raise Unhashable("", "lambda", "return a function defined at the top level of a module")
        if "<locals>" in qualname:
            hint = f"define this {what} at the top level of its module"
            raise Unhashable("", f"local {what} {qualname}", hint)
        if not _is_at(value, module, qualname):
            raise Unhashable("", f"{what} {module}.{qualname}", "it is not found under that name")
        return self._named(module, qualname)

    def _named(self, module: str, qualname: str) -> str:
        if self._is_project is not None and self._is_project(module):
            self.classes.add(f"{module}:{qualname}")
        return f"{module}:{qualname}"

    # ---- objects by their pickle ---------------------------------------------------------------------

    def _reduced(self, value: Any) -> str:
        t = type(value)
        try:
            reducer = copyreg.dispatch_table.get(t)
            parts: Any = reducer(value) if reducer else value.__reduce_ex__(4)
        except (RecursionError, Unhashable):
            raise
        except Exception as e:
            name = type_name(t)
            raise Unhashable("", name, _HINTS.get(name, f"{type(e).__name__}: {e}")) from None
        if isinstance(parts, str):  # a global by that name
            return combine("global", [self._named(_module_of(value, parts), parts)])
        self._alive.append(parts)  # parts made for us must not share an id with later ones
        function, args, state, items, pairs = [*parts, None, None, None][:5]
        digests = self._made(function, args)
        digests.append(self._state(state))
        digests.append("" if items is None else combine("items", self._items(items)))
        if pairs is None:
            digests.append("")
        elif isinstance(value, OrderedDict):
            digests.append(combine("pairs", self._items(pairs)))
        else:
            digests.append(combine("mapping", self._pairs(pairs)))
        return combine("object", digests)

    def _made(self, function: Any, args: Any) -> list[str]:
        """How the object is made; the class it belongs to by name, its other arguments by content."""
        made = [self.digest(function)]
        for i, arg in enumerate(args):
            made.append(self.child(arg, "" if isinstance(arg, type) else f".<{i}>"))
        return [combine("made", made)]

    def _items(self, items: Any) -> list[str]:
        found = []
        for i, v in enumerate(items):
            self._alive.append(v)
            found.append(self.child(v, f"[{i}]"))
        return found

    def _state(self, state: Any) -> str:
        if state is None:
            return ""
        if type(state) is tuple and len(state) == 2 and all(type(s) in (dict, type(None)) for s in state):
            return combine("state", [self._attributes(state[0] or {}), self._attributes(state[1] or {})])
        if type(state) is dict:
            return combine("state", [self._attributes(state)])
        return combine("state", [self.digest(state)])

    def _attributes(self, state: dict[Any, Any]) -> str:
        pairs = [(self.digest(k), self.child(v, f".{k}")) for k, v in state.items()]
        pairs.sort()
        return combine("attributes", [d for pair in pairs for d in pair])


def _inside(container: Any) -> Iterator[Any]:
    if type(container) is dict:
        return (part for pair in container.items() for part in pair)
    return iter(container)


def _is_plain_scalar(value: Any) -> bool:
    return type(value) in _PLAIN or (type(value).__module__ in _SCALAR_MODULES and is_plain(value))


def _is_global(value: Any) -> bool:
    owner = getattr(value, "__self__", None)
    return owner is None or isinstance(owner, ModuleType)


def _is_at(value: Any, module: str, qualname: str) -> bool:
    found: Any = sys.modules.get(module)
    for part in qualname.split("."):
        found = getattr(found, part, None)
    return found is value


def _module_of(value: Any, name: str) -> str:
    import pickle

    return str(pickle.whichmodule(value, name))  # type: ignore[attr-defined,unused-ignore]
