"""The order in which things run on import, as far as it can matter.

Order is ignored only among plain undecorated definitions that are bound once. All else that is
reached is listed for each module in the order of its source, together with the imports of modules
that do something when they are imported.
"""

from __future__ import annotations

import builtins

from ..digest import combine
from .links import Linker, UnitId
from .reach import Reach

_BUILTINS = frozenset(dir(builtins))


class Order:
    def __init__(self, linker: Linker) -> None:
        self._linker = linker
        self._names = linker.names
        self._ordered: dict[UnitId, bool] = {}

    def is_ordered(self, unit_id: UnitId) -> bool:
        """Whether it matters where among others this statement stands."""
        found = self._ordered.get(unit_id)
        if found is None:
            self._ordered[unit_id] = True  # while it is being found out: a circle
            found = self._ordered[unit_id] = self._decide(*unit_id)
        return found

    def _decide(self, module: str, index: int) -> bool:
        summary = self._names.summary(module)
        unit = summary.units[index]
        if unit.does or unit.decorators or unit.kind in ("block", "run", "guard"):
            return True
        if index in self._linker.acting.units(module):
            return True
        labels = unit.label.split("#")[0].split(",")
        if any(len(summary.names.get(n, ())) > 1 or n in _BUILTINS for n in labels) or "#" in unit.label:
            return True
        return any(self._unsteady(module, name) for name in {chain[0] for chain in unit.now})

    def _unsteady(self, module: str, name: str) -> bool:
        """Whether a name may mean something else at another place of the module."""
        summary = self._names.summary(module)
        bound = summary.names.get(name, ())
        if not bound:
            return bool(summary.stars)
        if len(bound) > 1 or name in _BUILTINS:
            return True
        unit = summary.units[bound[0][0]]
        if unit.kind in ("import", "def", "class"):
            return bool(unit.decorators or unit.guards)
        return unit.mutable or unit.kind != "name" or bool(unit.guards)

    def sequences(self, reach: Reach, digests: dict[UnitId, str]) -> dict[str, str]:
        """Of each imported module that does something: the digest of what it does, in order."""
        busy = self._busy(reach)
        out: dict[str, str] = {}
        for module in reach.modules:
            parts: list[str] = []
            count = 0
            for index, unit in enumerate(self._names.summary(module).units):
                for level, name, names in unit.imports_top:
                    for target in self._names.imported(module, level, name, names):
                        if target in busy and target != module:
                            parts.append(f"import {target}")
                own = (module, index)
                if module in reach.whole and unit.kind == "import":  # its namespace may be gone through
                    parts += ["names", *sorted(self._bound_by(module, index))]
                if own in reach.units and (module in reach.whole or self._counts(reach, own)):
                    parts.append(unit.label or digests[own])
                    count += 1 if unit.label else 2
            if count > 1 or (parts and module in reach.whole) or (parts and module in busy):
                out[module] = combine("sequence", parts)
        return out

    def _counts(self, reach: Reach, own: UnitId) -> bool:
        if self.is_ordered(own):
            return True
        return own[0] in reach.succeeds and own[1] in self._linker.fragile.units(own[0])

    def _bound_by(self, module: str, index: int) -> list[str]:
        names = self._names.summary(module).names
        return [name for name, bound in names.items() if any(i == index for i, _ in bound)]

    def _busy(self, reach: Reach) -> set[str]:
        """Modules that do something on import, or import one that does."""
        importers: dict[str, set[str]] = {}
        for module in reach.modules:
            for unit in self._names.summary(module).units:
                for level, name, names in unit.imports_top:
                    for target in self._names.imported(module, level, name, names):
                        importers.setdefault(target, set()).add(module)
        busy = {m for m in reach.modules if self._linker.acting.units(m)}
        pending = list(busy)
        while pending:
            for importer in importers.get(pending.pop(), ()):
                if importer not in busy:
                    busy.add(importer)
                    pending.append(importer)
        return busy
