"""What makes an object another whenever it is made or loaded: doubts about values that are stored.

An address is another one in each process, and so is the order of a set that its class writes down as a
list. Neither is an error: what reads such a value only runs more often than it must.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import PurePath
from typing import Any, NamedTuple

from .objects import Walker, content
from .unhashable import type_name

_OUT = "leave it out of the state (__getstate__)"
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]{6,}")


class Doubt(NamedTuple):
    why: str
    hint: str  # what to do


def doubts(value: Any) -> list[Doubt]:
    """Each thing in a value that differs from process to process."""
    walker = _Doubting()
    walker.digest(value)
    return list(dict.fromkeys(walker.found))


def doubts_of_text(text: str) -> list[Doubt]:
    """Plain data by its text: what ``repr`` says of an object that has none of its own."""
    if _ADDRESS.search(text) is None:
        return []
    return [
        Doubt("a text in it holds the address of an object", "write down what the object is, not its repr")
    ]


def doubts_of_loaded(value: Any, digest: str, is_project: Callable[[str], bool] | None) -> list[Doubt]:
    """Of a value that was stored under a digest and loaded again."""
    paths: list[PurePath] = []

    def noted(path: PurePath) -> str:
        paths.append(path)
        return ""

    if content(value, is_project, noted).digest == digest or paths:  # paths lie elsewhere now
        return []
    why = "stored and loaded again its content is another"
    return [Doubt(why, "let __setstate__ or __reduce__ give back just what was stored")]


class _Doubting(Walker):
    def __init__(self) -> None:
        super().__init__(None, None, numbered=True)
        self.found: list[Doubt] = []

    def met(self, value: Any, args: Any, state: Any) -> None:
        name = type_name(type(value))
        own = getattr(value, "__dict__", None) or {}
        places = {id(value), *map(id, own.values())}
        orders = [(k, list(v)) for k, v in own.items() if isinstance(v, (set, frozenset)) and len(v) > 1]
        for key, part in _parts(args, state):
            at = f"{name}.{key}" if key else name
            if type(part) is int and part in places:
                self.found.append(Doubt(f"{at} is the address of an object, id(...)", _OUT))
            elif type(part) is str and _ADDRESS.search(part) is not None:
                self.found.append(Doubt(f"{at} holds the address of an object, as repr(...) gives it", _OUT))
            elif type(part) in (list, tuple) and id(part) not in places:  # made for the pickle
                for k, order in orders:
                    if len(part) == len(order) and list(part) == order:
                        why = f"{name} writes its set {k!r} down as a {type(part).__name__}, in no order"
                        self.found.append(Doubt(why, "sort it there"))


def _parts(args: Any, state: Any) -> list[tuple[str, Any]]:
    """How an object is made and what its state is, by name as far as there is one."""
    states = state if type(state) is tuple else (state,)
    named = [(str(k), v) for s in states if type(s) is dict for k, v in s.items()]
    return [*(("", arg) for arg in args), *named, *(("", s) for s in states if type(s) is not dict)]
