"""What one source file says: its top-level statements as units, and its table of names.

Everything here is plain tuples, strings and dicts, so that it can be marshalled into the index.
"""

from __future__ import annotations

from typing import Any, NamedTuple

# Stand-ins in the text of an import request; the module that makes the request fills them in.
PACKAGE = "{__package__}"
NAME = "{__name__}"

Chain = tuple[str, ...]
Import = tuple[int, str, tuple[str, ...]]


class Unit(NamedTuple):
    """A top-level statement (or the condition of a top-level ``if``)."""

    kind: str  # "def", "class", "name", "import", "block", "run", "guard" or "main"
    label: str  # names it binds, unique in the module; "" for none
    line: int
    end: int
    core: str  # digest without docstrings and unread annotations
    docs: str  # digest of its docstrings, "" for none
    annotations: str  # digest of its unread annotations, "" for none
    refs: tuple[Chain, ...] = ()
    values: tuple[Chain, ...] = ()  # those of refs that are used as values, not only called
    annotation_refs: tuple[Chain, ...] = ()
    now: tuple[Chain, ...] = ()  # read on import
    tested: tuple[Chain, ...] = ()  # only asked whether they are None, or true
    calls: tuple[Chain, ...] = ()  # called on import
    decorators: tuple[Chain, ...] = ()
    bases: tuple[Chain, ...] = ()  # of a class; also its metaclass and other keywords
    imports_top: tuple[Import, ...] = ()  # run on import
    imports_in: tuple[Import, ...] = ()  # run when a function of it is called
    caught: tuple[Import, ...] = ()  # those of them whose failure something around them catches
    does: bool = False  # certainly acts on import
    operates: bool = False  # uses operators, iterates and the like on import
    generates: bool = False  # holds a generator
    implicit: bool = False  # a class with methods that no call names: operators, properties
    catches: bool = False  # may catch that an import failed in what it calls
    mutable: bool = False  # a name bound to something that can change in place
    dynamic: tuple[tuple[str, str, int], ...] = ()
    special: tuple[str, ...] = ()
    guards: tuple[tuple[int, int], ...] = ()  # (unit, branch) of the conditions around it
    methods: tuple[str, ...] = ()  # of a class: "__init_subclass__" and the like
    members: tuple[str, ...] = ()  # names that a class body binds
    inner_calls: tuple[Chain, ...] = ()  # called when a function of it runs
    inner_does: bool = False  # its functions may change what isn't theirs
    texts: tuple[str, ...] = ()  # constants that look like the dotted name of something
    paths: tuple[str, ...] = ()  # constants that look like the path of a file


def gives_attributes(unit: Unit) -> bool:
    """Whether it binds the function that a module asks for attributes it lacks."""
    return "__getattr__" in unit.label.split(",")


class Summary(NamedTuple):
    """A source file, parsed. ``error`` is (message, line, column, text) when it doesn't parse."""

    units: tuple[Unit, ...] = ()
    names: dict[str, tuple[tuple[int, tuple[Chain, ...]], ...]] = {}  # -> (unit, import targets)
    stars: tuple[tuple[int, int, str], ...] = ()  # (unit, level, module)
    exports: tuple[str, ...] | None = None  # __all__
    globals: dict[str, tuple[tuple[int, tuple[Chain, ...]], ...]] = {}  # written by functions
    docs: str = ""  # digest of the module's docstring
    signatures: dict[str, Any] = {}
    error: tuple[str, int, int, str] | None = None


def to_plain(summary: Summary) -> tuple[Any, ...]:
    return (tuple(tuple(u) for u in summary.units), *summary[1:])


def from_plain(plain: tuple[Any, ...]) -> Summary:
    return Summary(tuple(map(Unit._make, plain[0])), *plain[1:])
