"""What a dotted name means in a module: the definitions, modules and foreign names behind it.

A meaning is a tuple:
  ("unit", module, index)     a top-level statement of a project module
  ("module", module)          a project module (or namespace package) itself
  ("foreign", dotted, kind)   something of the standard library ("std"), of a distribution ("dist") or of
                              a module that isn't there ("missing")
  ("builtin", name)           a name that the module doesn't bind
  ("absent", "module.name")   an attribute that a project module doesn't have
  ("whole", module)           the module's namespace as a dict
  ("docs", module)            its docstring
  ("guards", module, index)   the conditions around an import that was followed
"""

from __future__ import annotations

from collections.abc import Iterable

from .files import SourceFiles
from .finder import DIST, MISSING, NAMESPACE, SOURCE, STD, Finder, Found
from .summary import NAME, PACKAGE, Chain, Summary

Meaning = tuple[str, ...] | tuple[str, str, int]

_QUIET = frozenset([
    "__name__", "__file__", "__path__", "__spec__", "__package__", "__loader__", "__cached__", "__version__",
])  # fmt: skip
_NOTHING = Summary()


class Names:
    """Meanings, over the summaries of all modules of the project. They don't depend on who asks."""

    def __init__(self, finder: Finder, files: SourceFiles) -> None:
        self._finder = finder
        self._files = files
        self._bound: dict[tuple[str, str], tuple[Meaning, ...]] = {}
        self._pending: set[tuple[str, str]] = set()

    # modules

    def find(self, module: str) -> Found:
        return self._finder.find(module)

    def summary(self, module: str) -> Summary:
        found = self.find(module)
        return self._files.summary(found.file) if found.kind == SOURCE else _NOTHING

    def summary_of(self, file: str) -> Summary:
        """Of a source file that is no module."""
        return self._files.summary(file) if file.endswith(".py") else _NOTHING

    def entries(self, folder: str) -> frozenset[str]:
        self._finder.folders_used.add(folder)
        return self._files.entries(folder)

    def is_project(self, module: str) -> bool:
        return self.find(module).is_project

    def absolute(self, module: str, level: int, name: str) -> str:
        """The module that ``from ..name import`` means inside of a module."""
        if name.startswith("{"):
            name = name.replace(NAME, module).replace(PACKAGE, self._package(module))
        if not level:
            return name
        base = self._package(module)
        for _ in range(level - 1):
            base = base.rpartition(".")[0]
        return f"{base}.{name}" if name and base else name or base

    def _package(self, module: str) -> str:
        return module if self.find(module).is_package else module.rpartition(".")[0]

    def parents(self, module: str) -> list[str]:
        """A module with the packages around it, outermost first."""
        parts = module.split(".")
        return [".".join(parts[:i]) for i in range(1, len(parts) + 1)]

    def imported(self, module: str, level: int, name: str, names: Iterable[str]) -> list[str]:
        """The modules that an import statement makes Python import, in order."""
        base = self.absolute(module, level, name)
        last = list(names)
        if "*" in last:
            last = [n for n in self.summary(base).exports or () if n != "*"]
        inner = [f"{base}.{n}" for n in last]
        return [*(self.parents(base) if base else ()), *(m for m in inner if self._is_submodule(m))]

    def _is_submodule(self, module: str) -> bool:
        package, _, name = module.rpartition(".")
        if not self.find(package).is_package or self._is_bound_otherwise(package, name):
            return False
        return self.find(module).kind != MISSING

    def _is_bound_otherwise(self, package: str, name: str) -> bool:
        """Whether a package gives a name itself, not by ``from . import name`` of the module inside of it."""
        bindings = self.summary(package).names.get(name)
        if not bindings:
            return False
        targets = [target for _, found in bindings for target in found]
        return not any(t[3] == name and self.absolute(package, int(t[1]), t[2]) == package for t in targets)

    # names

    def resolve(self, module: str, chain: Chain) -> tuple[tuple[Meaning, ...], set[str]]:
        """The meanings of a chain in a module, and the project modules it leads through."""
        through: set[str] = set()
        if chain[0] == "":
            meanings = self._target(module, chain[:4])
            rest = chain[4:]
        else:
            meanings = self.bound(module, chain[0]) or (("builtin", chain[0]),)
            rest = chain[1:]
        for attribute in rest:
            step: list[Meaning] = []
            for meaning in meanings:
                if meaning[0] == "module":
                    through.add(str(meaning[1]))
                    step += self.attribute(str(meaning[1]), attribute)
                elif meaning[0] == "foreign":
                    step.append(("foreign", f"{meaning[1]}.{attribute}", str(meaning[2])))
                else:
                    step.append(meaning)
            meanings = tuple(dict.fromkeys(step))
        return meanings, through

    def resolve_attribute(self, module: str, chain: Chain) -> tuple[Meaning, ...]:
        """The meanings of a chain of attributes of a module, as another module would see them."""
        meanings = self.attribute(module, chain[0])
        for attribute in chain[1:]:
            step: list[Meaning] = []
            for meaning in meanings:
                if meaning[0] == "module":
                    step += self.attribute(str(meaning[1]), attribute)
                elif meaning[0] == "foreign":
                    step.append(("foreign", f"{meaning[1]}.{attribute}", str(meaning[2])))
                else:
                    step.append(meaning)
            meanings = tuple(dict.fromkeys(step))
        return meanings

    def below(self, namespace: str) -> bool:
        """Whether a namespace package has any modules."""
        return any(self.entries(folder) for folder, _ in self.find(namespace).folders)

    def may_have(self, meanings: Iterable[Meaning], chain: Chain) -> bool:
        """Whether what a chain ends in can be there: False for a class that surely lacks it."""
        for meaning in meanings:
            if meaning[0] != "unit" or len(chain) < 2:
                return True
            summary = self.summary(str(meaning[1]))
            unit = summary.units[int(meaning[2])]
            entry = summary.signatures.get(unit.label)
            if unit.kind != "class" or entry is None or entry[1] or entry[2]:
                return True
            if any(name.split(".")[-1] == chain[-1] for name in summary.signatures):
                return True
            if chain[-1] in unit.members:
                return True
        return False

    def bound(self, module: str, name: str) -> tuple[Meaning, ...]:
        """What a module's own global name means; () if the module doesn't bind it."""
        key = (module, name)
        found = self._bound.get(key)
        if found is None:
            if key in self._pending:  # a name that is imported round in a circle
                return ()
            self._pending.add(key)
            found = tuple(dict.fromkeys(self._bindings(module, name)))
            self._pending.discard(key)
            if not self._pending:  # inside of a circle the answer may be partial
                self._bound[key] = found
        return found

    def _bindings(self, module: str, name: str) -> list[Meaning]:
        summary = self.summary(module)
        out: list[Meaning] = []
        for index, targets in summary.names.get(name, ()):
            unit = summary.units[index]
            for target in targets:
                out += self._target(module, target)
            if unit.kind != "import" or not targets:
                out.append(("unit", module, index))
            elif unit.guards:
                out.append(("guards", module, index))
        for index, level, star in summary.stars:
            found = self._through_star(self.absolute(module, level, star), name, bool(out))
            if found:
                out += found
                if summary.units[index].guards or summary.units[index].kind != "import":
                    out.append(("guards", module, index))
        written = summary.globals.get(name, ())
        for _, targets in written:
            for target in targets:
                out += self._target(module, target)
        if not out:
            out += [("unit", module, index) for index, _ in written]
        return out

    def _through_star(self, module: str, name: str, already: bool) -> list[Meaning]:
        found = self.find(module)
        if not found.is_project and found.kind != NAMESPACE:
            return [] if already else [("foreign", f"{module}.*", found.kind)]
        exports = self.summary(module).exports
        if exports is None and name.startswith("_"):
            return []
        if exports is not None and name not in exports and "*" not in exports:
            return []
        if exports is not None and name in exports:
            return [m for m in self.attribute(module, name) if m[0] != "absent"]
        return list(self.bound(module, name))

    def _target(self, module: str, target: Chain) -> tuple[Meaning, ...]:
        """What an import binds a name to."""
        base = self.absolute(module, int(target[1]), target[2])
        found = self.find(base)
        if found.kind in (STD, DIST, MISSING):
            return (("foreign", f"{base}.{target[3]}" if target[3] else base, found.kind),)
        return self.attribute(base, target[3]) if target[3] else (("module", base),)

    def attribute(self, module: str, name: str) -> tuple[Meaning, ...]:
        """What an attribute of a module means: a name of it, or a module inside of it."""
        if name == "__dict__":
            return (("whole", module),)
        if name == "__doc__":
            return (("docs", module),)
        out = self.bound(module, name)
        inner = f"{module}.{name}"
        if self.find(module).is_package:
            found = self.find(inner)
            if found.is_project or found.kind == NAMESPACE:
                if not any(m == ("module", inner) for m in out):
                    out = (*out, ("module", inner))
            elif found.kind != MISSING and not out:
                out = (("foreign", inner, found.kind),)
        if not out and self.find(module).kind == SOURCE:
            if name in _QUIET:
                return ()
            out = tuple(m for m in self.bound(module, "__getattr__") if m[0] != "foreign")
            return (*out, ("absent", inner))
        return out or (("absent", inner),)
