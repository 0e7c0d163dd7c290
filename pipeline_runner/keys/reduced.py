"""Objects by the parts of their pickle: how each is made, its state, its items."""

from __future__ import annotations

import copyreg
import sys
from collections import OrderedDict
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from .digest import combine
from .unhashable import Unhashable, type_name

if TYPE_CHECKING:
    from .objects import Walker

_FILE = "return its pathlib.Path instead of an open file"
_STATE = "leave it out of the state (__getstate__)"
_HINTS = {
    "generator": "return a list instead",
    "coroutine": "await it first",
    "module": "return what it holds",
    "memoryview": "return bytes instead",
    "_io.TextIOWrapper": _FILE,
    "_io.BufferedReader": _FILE,
    "_io.BufferedWriter": _FILE,
    "_io.FileIO": _FILE,
    "_thread.lock": _STATE,
    "_thread.RLock": _STATE,
    "weakref.ReferenceType": _STATE,
}
# attributes that say nothing of the content: here, the address that a list of words had
_NO_CONTENT = {"sklearn.feature_extraction.text": frozenset({"_stop_words_id"})}
_UNNAMED = {type(None): "None", type(Ellipsis): "...", type(NotImplemented): "NotImplemented"}


# ---- globals ---------------------------------------------------------------------------------------


def is_global(value: Any) -> bool:
    """Whether a value is found by its name: a class, a function, a module."""
    t = type(value)
    if t is BuiltinFunctionType:
        owner = value.__self__
        return owner is None or isinstance(owner, ModuleType)
    return isinstance(value, type) or t is FunctionType or t is ModuleType


def place_of(value: Any) -> tuple[str, str]:
    """Module and qualified name of a class or function, which must be found there."""
    if type(value) is ModuleType:
        raise Unhashable("", "module", _HINTS["module"])
    if isinstance(value, type) and value in _UNNAMED:
        return "builtins", f"type({_UNNAMED[value]})"
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
    return module, qualname


def _is_at(value: Any, module: str, qualname: str) -> bool:
    found: Any = sys.modules.get(module)
    for part in qualname.split("."):
        found = getattr(found, part, None)
    return found is value


def _module_of(value: Any, name: str) -> str:
    import pickle

    return str(pickle.whichmodule(value, name))  # type: ignore[attr-defined,unused-ignore]


# ---- objects ---------------------------------------------------------------------------------------


def reduced_digest(value: Any, walker: Walker) -> str:
    """The digest of an object, taken apart as pickle would."""
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
        return combine("global", [walker.named(_module_of(value, parts), parts)])
    walker.keep(parts)  # parts made for us must not share an id with later ones
    function, args, state, items, pairs = [*parts, None, None, None][:5]
    walker.met(value, args, state)
    digests = [_made(function, args, isinstance(value, (set, frozenset)), walker)]
    digests.append(_state(state, _NO_CONTENT.get(t.__module__, frozenset()), walker))
    digests.append("" if items is None else combine("items", _items(items, walker)))
    if pairs is None:
        digests.append("")
    elif isinstance(value, OrderedDict):
        digests.append(combine("pairs", _items(pairs, walker)))
    else:
        digests.append(combine("mapping", walker.pairs(pairs)))
    return combine("object", digests)


def _made(function: Any, args: Any, is_set: bool, walker: Walker) -> str:
    """How the object is made; the class it belongs to by name, its other arguments by content."""
    made = [walker.digest(function)]
    for i, arg in enumerate(args):
        if is_set and type(arg) is list:  # what a set of a class of its own holds, in no order
            made.append(combine("set", sorted(_items(arg, walker))))
        else:
            made.append(walker.child(arg, "" if isinstance(arg, type) else f".<{i}>"))
    return combine("made", made)


def _items(items: Any, walker: Walker) -> list[str]:
    found = []
    for i, v in enumerate(items):
        walker.keep(v)
        found.append(walker.child(v, f"[{i}]"))
    return found


def _state(state: Any, without: frozenset[str], walker: Walker) -> str:
    if state is None:
        return ""
    if type(state) is tuple and len(state) == 2 and all(type(s) in (dict, type(None)) for s in state):
        return combine("state", [_attributes(s or {}, without, walker) for s in state])
    if type(state) is dict:
        return combine("state", [_attributes(state, without, walker)])
    return combine("state", [walker.digest(state)])


def _attributes(state: dict[Any, Any], without: frozenset[str], walker: Walker) -> str:
    pairs = [(walker.digest(k), walker.child(v, f".{k}")) for k, v in state.items() if k not in without]
    pairs.sort()
    return combine("attributes", [d for pair in pairs for d in pair])
