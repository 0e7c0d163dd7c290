"""Which statements of a module may fail when it is imported. It matters where something catches that."""

from __future__ import annotations

import builtins

from .acting import Acting
from .names import Names
from .summary import Chain, Unit

_BUILTINS = frozenset(dir(builtins))
_STEADY = frozenset(["def", "class", "name", "import"])


class Fragile:
    """Facts of modules, kept."""

    def __init__(self, names: Names, acting: Acting) -> None:
        self._names = names
        self._acting = acting
        self._fragile: dict[str, tuple[int, ...]] = {}

    def units(self, module: str) -> tuple[int, ...]:
        """The units that may raise something, or keep others from raising."""
        found = self._fragile.get(module)
        if found is None:
            units = self._names.summary(module).units
            found = self._fragile[module] = tuple(
                i for i, unit in enumerate(units) if self._may_fail(module, i, unit)
            )
        return found

    def _may_fail(self, module: str, index: int, unit: Unit) -> bool:
        if unit.kind in ("import", "main"):  # imports are looked at by what they find
            return False
        if unit.kind in ("block", "run", "guard") or unit.operates or unit.calls or unit.does:
            return True
        if index in self._acting.units(module):
            return True
        return not all(self._is_there(module, index, chain) for chain in (*unit.now, *unit.decorators))

    def _is_there(self, module: str, index: int, chain: Chain) -> bool:
        """Whether a name is surely bound when a statement reads it."""
        summary = self._names.summary(module)
        if chain[0] == "":
            return False
        bound = summary.names.get(chain[0], ())
        if not bound:
            return len(chain) == 1 and chain[0] in _BUILTINS and not summary.stars
        units = [summary.units[i] for i, _ in bound if i < index]
        if not any(u.kind in _STEADY and not u.guards for u in units):
            return False
        if len(chain) == 1:
            return True
        meanings = self._names.resolve(module, chain)[0]
        owners = self._names.resolve(module, chain[:-1])[0]
        return all(m[0] == "module" for m in owners) and all(m[0] in ("unit", "module") for m in meanings)
