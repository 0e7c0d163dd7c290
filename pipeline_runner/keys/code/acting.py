"""What a module does when it is imported, beyond binding its names.

A call counts as doing nothing only if all that it can run is known to do nothing but give a value:
listed functions of the standard library and of common packages, and functions and classes of the
project that call only such and change nothing but what they make themselves. In doubt it counts.
"""

from __future__ import annotations

from . import known
from .inert import Inert
from .names import Names
from .summary import Chain, Unit, gives_attributes

UnitId = tuple[str, int]


class Acting:
    """Facts of modules, kept."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._acting: dict[str, tuple[int, ...]] = {}
        self._attached: dict[str, tuple[tuple[int, UnitId], ...]] = {}
        self._quiet: dict[UnitId, bool] = {}
        self._inert = Inert(names, self._is_quiet)

    def units(self, module: str) -> tuple[int, ...]:
        """The units of a module that do something when it is imported."""
        found = self._acting.get(module)
        if found is None:
            units = self._names.summary(module).units
            acting = []
            for index, unit in enumerate(units):
                try:
                    acts = self._acts(module, unit)
                except RecursionError:  # a chain of a thousand calls
                    acts = True
                if acts:
                    acting.append(index)
            found = self._acting[module] = tuple(acting)
        return found

    def attached(self, module: str) -> tuple[tuple[int, UnitId], ...]:
        """Units that hand themselves to an object which only keeps them, each with the object's unit."""
        found = self._attached.get(module)
        if found is None:
            units = self._names.summary(module).units
            pairs = [
                (index, target)
                for index, unit in enumerate(units)
                for chain in unit.decorators
                if (target := self._collector(module, chain)) is not None
            ]
            found = self._attached[module] = tuple(pairs)
        return found

    def _collector(self, module: str, chain: Chain) -> UnitId | None:
        """The unit of the object whose method a decorator is, if it only keeps what it gets."""
        chain = chain[: chain.index("()")] if "()" in chain else chain
        if len(chain) < 2 or chain[0].startswith("?"):
            return None
        meanings = self._names.resolve(module, chain[:-1])[0]
        if len(meanings) != 1 or meanings[0][0] != "unit":
            return None
        home, index = str(meanings[0][1]), int(meanings[0][2])
        unit = self._names.summary(home).units[index]
        makers = unit.calls if unit.kind == "name" else unit.decorators if unit.kind == "def" else ()
        for maker in makers[:1]:
            for meaning in self._names.resolve(home, maker)[0]:
                if meaning[0] == "foreign" and str(meaning[1]) in known.COLLECTORS:
                    return home, index
        return None

    def _acts(self, module: str, unit: Unit) -> bool:
        if unit.kind == "main":
            return False
        if unit.does:
            return True
        if unit.kind == "import":
            return self._asks_module(module, unit)
        decorators = [chain for chain in unit.decorators if chain in unit.calls]
        calls = [chain for chain in unit.calls if chain not in decorators]
        for chain in decorators:
            if not self._is_pure(module, chain, decorator=True) and self._collector(module, chain) is None:
                return True
        if not self._is_inert(module, unit):
            return True
        if not all(self._is_pure(module, chain) for chain in calls):
            return True
        if calls and self._calls_back(module, unit, calls):
            return True
        return not all(self._forgets(module, chain, set()) for chain in unit.bases)

    def _asks_module(self, module: str, unit: Unit) -> bool:
        """Whether names are imported that only the ``__getattr__`` of their module gives."""
        return any(not self._is_quiet(target) for target in self.asked(module, unit))

    def asked(self, module: str, unit: Unit) -> list[UnitId]:
        """The ``__getattr__`` of modules that an import asks for names."""
        out = []
        for level, name, names in unit.imports_top:
            base = self._names.absolute(module, level, name) if names else ""
            if not base or "__getattr__" not in self._names.summary(base).names:
                continue
            for each in names:
                for meaning in self._names.attribute(base, each) if each != "*" else ():
                    target = (str(meaning[1]), int(meaning[2])) if meaning[0] == "unit" else None
                    if target and gives_attributes(self._names.summary(target[0]).units[target[1]]):
                        out.append(target)
        return out

    def _is_inert(self, module: str, unit: Unit) -> bool:
        """Whether what syntax does with the values that a statement reads is nothing to others."""
        is_class = unit.kind == "class"
        for chain in unit.now:
            if chain in unit.calls or chain in unit.decorators:
                continue
            if not (is_class or unit.operates or unit.calls or len(chain) > 1):
                continue
            if is_class or not (unit.operates or unit.calls):  # attributes alone are read of packages
                meanings = self._names.resolve(module, chain)[0]
                if all(meaning[0] == "foreign" for meaning in meanings):
                    continue
            if chain in unit.bases:
                if not self._is_subscribed(module, chain):
                    continue
                return False
            if not self._inert.value(module, chain, named=is_class):
                return False
        return True

    def _is_subscribed(self, module: str, chain: Chain) -> bool:
        """Whether a base may note that it is given arguments, as in ``Base[int]``."""
        for meaning in self._names.resolve(module, chain)[0]:
            if meaning[0] == "unit":
                target = (str(meaning[1]), int(meaning[2]))
                base = self._names.summary(target[0]).units[target[1]]
                if "__class_getitem__" in base.methods and not self._is_quiet(target):
                    return True
        return False

    def _is_pure(self, module: str, chain: Chain, decorator: bool = False) -> bool:
        """Whether calling this does nothing but give a value."""
        if chain[0] == "?":
            return len(chain) > 1 and (chain[1] == "()" or chain[-1] in known.PURE_METHODS)
        method = chain[-1] if "()" in chain else ""
        if method and method.startswith(known.CHANGING):
            return False
        base = chain[: chain.index("()")] if method else chain
        for meaning in self._names.resolve(module, base)[0]:
            kind, what = meaning[0], str(meaning[1])
            if kind == "builtin":
                pure = what in known.PURE_BUILTINS
            elif kind == "foreign":
                judge = known.pure_decorator if decorator else known.pure_call
                pure = judge(what, meaning[2] == "std")
            elif kind == "unit":
                pure = self._is_pure_unit((what, int(meaning[2])), base, method, decorator)
                if pure and (method or len(base) > 1):
                    pure = self._inert.value(module, base if method else base[:-1], named=True)
            else:
                pure = kind == "guards"
            if not pure:
                return False
        return True

    def _is_pure_unit(self, target: UnitId, base: Chain, method: str, decorator: bool) -> bool:
        if decorator:  # it is handed a function, and may keep it
            return False
        if method and method not in known.PURE_METHODS:
            return False
        unit = self._names.summary(target[0]).units[target[1]]
        if unit.kind in ("def", "class"):
            return not _changes_part(unit, base) and self._is_quiet(target)
        if len(base) == 1 and not method:
            return self._makes_class(target[0], unit)
        return len(base) > 1 and base[-1] in known.PURE_METHODS

    def _makes_class(self, module: str, unit: Unit) -> bool:
        """``Point = namedtuple("Point", "x y")``."""
        return len(unit.calls) == 1 and all(
            m[0] == "foreign" and str(m[1]) in known.CLASS_MAKERS
            for m in self._names.resolve(module, unit.calls[0])[0]
        )

    def _is_quiet(self, unit_id: UnitId) -> bool:
        """Whether running all that a function or class holds changes nothing outside."""
        found = self._quiet.get(unit_id)
        if found is None:
            self._quiet[unit_id] = True  # in a circle: unless something else in it acts
            found = self._find_quiet(*unit_id)
            self._quiet[unit_id] = found
            if not found:  # what was taken for quiet on the way may have relied on this
                self._quiet = {k: v for k, v in self._quiet.items() if not v}
        return found

    def _find_quiet(self, module: str, index: int) -> bool:
        unit = self._names.summary(module).units[index]
        computed = any(kind != "resource" for kind, _, _ in unit.dynamic)
        if unit.inner_does or unit.does or computed or unit.imports_in:
            return False
        if not all(self._is_pure(module, chain, decorator=True) for chain in unit.decorators):
            return False
        calls = [c for c in (*unit.calls, *unit.inner_calls) if c not in unit.decorators]
        if not all(self._is_pure(module, chain) for chain in calls) or self._calls_back(module, unit, calls):
            return False
        values = (c for c in unit.refs if c not in calls and c not in unit.bases and c not in unit.decorators)
        if not all(self._inert.value(module, chain) for chain in values):
            return False
        return all(self._is_quiet_base(module, chain) for chain in unit.bases)

    def _is_quiet_base(self, module: str, chain: Chain) -> bool:
        if chain[0].startswith("?") or not self._forgets(module, chain, set()):
            return False
        for meaning in self._names.resolve(module, chain)[0]:
            target = str(meaning[1])
            if meaning[0] == "unit" and not self._is_quiet((target, int(meaning[2]))):
                return False
        return True

    def _calls_back(self, module: str, unit: Unit, calls: list[Chain]) -> bool:
        """Whether functions of the project are handed to something that may call them at once."""
        if not any(self._takes_functions(module, chain) for chain in calls):
            return False
        for chain in unit.values:
            for meaning in self._names.resolve(module, chain)[0]:
                if meaning[0] == "module":
                    return True
                if meaning[0] == "unit":
                    found = self._names.summary(str(meaning[1])).units[int(meaning[2])]
                    if found.kind in ("def", "class", "block"):
                        return True
        return bool(unit.inner_calls)  # a lambda that is handed on

    def _takes_functions(self, module: str, chain: Chain) -> bool:
        if chain[-1] in known.CALLERS or "()" in chain:
            return True
        if chain[0] == "?":
            return False
        return any(
            meaning[0] in ("builtin", "foreign") and str(meaning[1]).rpartition(".")[2] in known.CALLERS
            for meaning in self._names.resolve(module, chain)[0]
        )

    def _forgets(self, module: str, chain: Chain, seen: set[UnitId]) -> bool:
        """Whether making a class from this base or metaclass is not noted anywhere."""
        if chain[0].startswith("?"):
            return False
        for meaning in self._names.resolve(module, chain)[0]:
            what = str(meaning[1])
            if meaning[0] == "foreign":
                if not known.forgetful_base(what, meaning[2] == "std"):
                    return False
            elif meaning[0] == "unit":
                target = (what, int(meaning[2]))
                if target not in seen:
                    seen.add(target)
                    if not self._forgets_unit(target, seen):
                        return False
            elif meaning[0] not in ("builtin", "guards"):
                return False
        return True

    def _forgets_unit(self, target: UnitId, seen: set[UnitId]) -> bool:
        module = target[0]
        base = self._names.summary(module).units[target[1]]
        if base.kind != "class" or "__init_subclass__" in base.methods:
            return False
        if any(self._is_type(module, chain) for chain in base.bases):  # a metaclass
            return False
        return all(self._forgets(module, chain, seen) for chain in base.bases)

    def _is_type(self, module: str, chain: Chain) -> bool:
        return any(m == ("builtin", "type") for m in self._names.resolve(module, chain)[0])


def _changes_part(unit: Unit, chain: Chain) -> bool:
    """Whether a call like ``Plugin.all.append`` changes what a class or a function holds."""
    name = chain[-1]
    return len(chain) > 1 and name not in (unit.label, *unit.members) and name.startswith(known.CHANGING)
