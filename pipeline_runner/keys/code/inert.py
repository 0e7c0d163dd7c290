"""Values on which operators, iteration and attribute access do nothing to others.

``X = REGISTRY | {...}`` calls a method of REGISTRY's class, ``list(IDS)`` uses up an iterator that
others share. A value is inert if neither can be: it is followed to all that it may be made of, and
in doubt it isn't.
"""

from __future__ import annotations

from collections.abc import Callable

from . import known
from .names import Meaning, Names
from .summary import Chain, Unit, gives_attributes

UnitId = tuple[str, int]
Judge = Callable[[UnitId], bool]


class Inert:
    """Judges values by the units that bind them; ``quiet`` tells whether what a class holds acts on nothing.

    With ``named`` all methods of its classes must be quiet, not only those that syntax calls.
    """

    def __init__(self, names: Names, quiet: Judge) -> None:
        self._names = names
        self._quiet = quiet
        self._known: dict[tuple[str, UnitId, bool], bool] = {}

    def value(self, module: str, chain: Chain, named: bool = False) -> bool:
        """What a name (with attributes) of a module is."""
        if chain[0].startswith("?"):
            return True
        for depth in range(1, len(chain) + 1):
            meanings = self._names.resolve(module, chain[: depth + 3 if chain[0] == "" else depth])[0]
            if any(m[0] not in ("module", "guards") for m in meanings):
                break
        return all(self._meaning(meaning, len(chain) > depth, named) for meaning in meanings)

    def _meaning(self, meaning: Meaning, attributes: bool, named: bool) -> bool:
        kind, what = meaning[0], str(meaning[1])
        if kind == "foreign":
            return meaning[2] == "std" or known.inert_package(what)
        if kind != "unit":
            return True
        target = (what, int(meaning[2]))
        asked = gives_attributes(self._unit(*target))  # by an attribute that the module lacks
        return self._once("attribute" if attributes or asked else "value", target, named)

    def _once(self, how: str, target: UnitId, named: bool) -> bool:
        key = (how, target, named)
        found = self._known.get(key)
        if found is None:
            self._known[key] = True  # in a circle: unless something else in it is not
            judge = {"value": self._bound, "attribute": self._attribute, "result": self._result}[how]
            found = self._known[key] = judge(*target, named)
            if not found:  # what was taken for inert on the way may have relied on this
                self._known = {k: v for k, v in self._known.items() if not v}
        return found

    # what a unit binds

    def _bound(self, module: str, index: int, named: bool) -> bool:
        unit = self._unit(module, index)
        if unit.kind == "def":
            return all(self.call(module, chain, named) for chain in unit.decorators)
        if unit.kind == "class":
            return self._plain_class(module, unit)
        if unit.generates:
            return False
        return self._made_of(module, unit, unit.now, unit.calls, named)

    def _attribute(self, module: str, index: int, named: bool) -> bool:
        """An attribute of what a unit binds: for a class one of its members, which may be a descriptor."""
        unit = self._unit(module, index)
        if gives_attributes(unit):
            return self._quiet((module, index))
        if not self._once("value", (module, index), named):
            return False
        return unit.kind != "class" or self._made_of(module, unit, unit.now, unit.calls, named)

    def _made_of(
        self, module: str, unit: Unit, names: tuple[Chain, ...], calls: tuple[Chain, ...], named: bool
    ) -> bool:
        others = set(names).difference(calls)
        return all(self.value(module, c, named) for c in others) and all(
            self.call(module, c, named) for c in calls if c not in unit.decorators
        )

    def _plain_class(self, module: str, unit: Unit) -> bool:
        """A class as such: its metaclass is ``type`` or a known one."""
        if "__class_getitem__" in unit.methods or any(b[0].startswith("?") for b in unit.bases):
            return False
        if not all(self.call(module, chain) for chain in unit.decorators):
            return False
        for chain in unit.bases:
            for meaning in self._names.resolve(module, chain)[0]:
                if meaning == ("builtin", "type"):
                    return False
                if meaning[0] == "foreign" and not known.forgetful_base(str(meaning[1]), meaning[2] == "std"):
                    return False
                if meaning[0] == "unit" and not self._once(
                    "value", (str(meaning[1]), int(meaning[2])), False
                ):
                    return False
        return not any(self._is_metaclass(module, chain) for chain in unit.bases)

    def _is_metaclass(self, module: str, chain: Chain) -> bool:
        for meaning in self._names.resolve(module, chain)[0]:
            if meaning == ("builtin", "type"):
                return True
            if meaning[0] == "unit":
                home = str(meaning[1])
                base = self._unit(home, int(meaning[2]))
                if any(self._names.resolve(home, b)[0] == (("builtin", "type"),) for b in base.bases):
                    return True
        return False

    # what a call gives

    def call(self, module: str, chain: Chain, named: bool = False) -> bool:
        """What calling this gives."""
        if chain[0] == "?":
            return len(chain) > 2 and chain[-1] in known.PURE_METHODS and chain[-1] not in known.ITERATORS
        if "()" in chain:
            return chain[-1] not in known.ITERATORS and self.call(module, chain[: chain.index("()")], True)
        for meaning in self._names.resolve(module, chain)[0]:
            kind, what = meaning[0], str(meaning[1])
            if kind == "builtin":
                good = what in known.PURE_BUILTINS and what not in known.ITERATORS
            elif kind == "foreign":
                good = known.inert_result(what, meaning[2] == "std")
            elif kind == "unit":
                good = chain[-1] not in known.ITERATORS and self._once(
                    "result", (what, int(meaning[2])), named
                )
            else:
                good = True
            if not good:
                return False
        return True

    def _result(self, module: str, index: int, named: bool) -> bool:
        """What calling what a unit binds gives: an instance, or anything that a function names."""
        unit = self._unit(module, index)
        if unit.kind == "class":
            if (named or unit.implicit) and not self._quiet((module, index)):
                return False
            bases = (c for c in unit.bases if not c[0].startswith("?"))
            return self._made_of(module, unit, unit.now, unit.calls, named) and all(
                self.call(module, c, named) for c in bases
            )
        if unit.generates:
            return False
        calls = (*unit.calls, *sorted(unit.inner_calls))
        return self._made_of(module, unit, unit.refs, calls, named)

    def _unit(self, module: str, index: int) -> Unit:
        return self._names.summary(module).units[index]
