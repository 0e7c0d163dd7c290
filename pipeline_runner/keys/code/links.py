"""What each unit of a module leads to. Facts of the source: they don't depend on where one starts."""

from __future__ import annotations

import os
from typing import NamedTuple

from ..digest import combine
from . import known
from .acting import Acting
from .failing import Fragile
from .finder import DIST, MISSING, NAMESPACE
from .names import Meaning, Names
from .summary import Chain, Import, Unit, gives_attributes

UnitId = tuple[str, int]  # module, index


class Dynamic(NamedTuple):
    """A place where any of several names may be meant: a whole module or all modules of a prefix."""

    modules: str  # "=module": that module; "?": only which there are; ">module" or ">path.py": it is run as
    # a script; "prefix": all modules whose name starts so
    why: str
    line: int


class Links(NamedTuple):
    """One unit's."""

    wiring: str  # digest of what each of its names means
    units: tuple[tuple[UnitId, str], ...] = ()  # with the name that leads there
    values: frozenset[UnitId] = frozenset()  # those that are handed on as values
    loads: tuple[str, ...] = ()  # project modules that are imported when it runs
    foreign: tuple[tuple[str, str], ...] = ()  # dotted, kind
    dynamic: tuple[Dynamic, ...] = ()
    docs_of: tuple[str, ...] = ()  # modules whose docstring it reads
    caught: tuple[str, ...] = ()  # modules that may fail to be imported by it
    data: tuple[str, ...] = ()  # files of packages that it reads, there or not
    later: tuple[str, ...] = ()  # modules that are imported when a function of it is called


class _Found:
    """Links being made."""

    def __init__(self) -> None:
        self.wiring: list[str] = []
        self.units: dict[UnitId, str] = {}
        self.values: set[UnitId] = set()
        self.loads: dict[str, None] = {}
        self.foreign: dict[tuple[str, str], None] = {}
        self.dynamic: dict[Dynamic, None] = {}
        self.docs_of: dict[str, None] = {}
        self.caught: dict[str, None] = {}
        self.later: dict[str, None] = {}


class Linker:
    """Makes and keeps the links of units."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.acting = Acting(names)
        self.fragile = Fragile(names, self.acting)
        self._links: dict[tuple[str, int, bool], Links] = {}

    def links(self, module: str, index: int, annotations: bool) -> Links:
        key = (module, index, annotations)
        found = self._links.get(key)
        if found is None:
            unit = self.names.summary(module).units[index]
            found = self._links[key] = self._make(module, unit, annotations)
        return found

    def _make(self, module: str, unit: Unit, annotations: bool) -> Links:
        out = _Found()
        values = frozenset(unit.values)
        for chain in (*unit.refs, *unit.annotation_refs) if annotations else unit.refs:
            meanings, through = self.names.resolve(module, chain)
            out.loads.update(dict.fromkeys(through))
            text = ".".join(chain)
            out.wiring.append(text)
            for meaning in meanings:
                self._follow(module, unit, meaning, text, out)
                if chain in values and meaning[0] == "unit":
                    out.values.add((str(meaning[1]), int(meaning[2])))
        for chain in unit.tested:
            self._tested(module, unit, chain, out)
        for level, name, names in (*unit.imports_top, *unit.imports_in):
            if unit.kind != "import":
                self._import(module, level, name, names, out)
        for target in self.acting.asked(module, unit):
            out.units.setdefault(target, "a name that its module doesn't bind")
        for found in unit.caught:
            out.caught.update(dict.fromkeys(self.project_modules(module, found)))
            out.wiring += self.outcome(module, found)
        for found in unit.imports_in:
            out.later.update(dict.fromkeys(self.project_modules(module, found)))
        for text in unit.texts:
            self._text(text, out)
        for kind, what, line in unit.dynamic:
            self._dynamic(module, unit, (kind, what, line), out)
        if unit.kind == "name" and gives_attributes(unit):
            how = f"{module} gets its attributes from what something else makes"
            out.dynamic[Dynamic(module + ".", how, unit.line)] = None
        self._guards(module, unit, out)
        return Links(
            combine("wiring", out.wiring),
            tuple(out.units.items()),
            frozenset(out.values),
            tuple(out.loads),
            tuple(out.foreign),
            tuple(out.dynamic),
            tuple(out.docs_of),
            tuple(out.caught),
            tuple(self._data(module, unit, out)),
            tuple(out.later),
        )

    def _tested(self, module: str, unit: Unit, chain: Chain, out: _Found) -> None:
        """``module is None``, ``if module``: nothing of the module itself is looked at."""
        meanings, _ = self.names.resolve(module, chain)
        out.wiring.append("test " + ".".join(chain))
        for meaning in meanings:
            if meaning[0] == "module":
                out.wiring.append(f"module {meaning[1]}")
                out.loads[str(meaning[1])] = None
            else:
                self._follow(module, unit, meaning, chain[0], out)

    def project_modules(self, module: str, found: Import) -> list[str]:
        """The project's modules that an import leads to."""
        return [m for m in self.names.imported(module, *found) if self.names.is_project(m)]

    def outcome(self, module: str, found: Import) -> list[str]:
        """What an import finds, where it matters whether it finds it."""
        level, name, names = found
        base = self.names.absolute(module, level, name)
        out = [f"from {base}" if names else f"import {base}"]
        out += [self.names.find(m).kind for m in self.names.parents(base)] if base else ["outside"]
        if self.names.is_project(base):
            for each in names:
                meant = self.names.attribute(base, each) if each != "*" else ()
                out.append(f"{each} " + ",".join(sorted({m[0] for m in meant})))
        else:
            out += names
        return out

    def _data(self, module: str, unit: Unit, out: _Found) -> list[str]:
        """Where the files may be that a unit reads as its package's, or as that of one that it names."""
        if not unit.paths or not any(known.starts(dotted, known.READS_FILES) for dotted, _ in out.foreign):
            return []
        folders = [os.path.dirname(self.names.find(module).file)]
        for kind, what, _ in unit.dynamic:
            if kind == "resource":
                named = self.names.find(self.names.absolute(module, 0, what))
                folders += [folder for folder, _ in named.folders]
        places = dict.fromkeys(folders)
        return [os.path.normpath(os.path.join(f, path)) for f in places for path in unit.paths]

    def _text(self, text: str, out: _Found) -> None:
        """A text that is the full name of a definition: other packages look such names up."""
        parts = text.replace(":", ".").split(".")
        depth = 0
        while depth < len(parts) and self.names.find(".".join(parts[: depth + 1])).kind in (
            "source",
            NAMESPACE,
        ):
            depth += 1
        module = ".".join(parts[:depth])
        if not depth or depth == len(parts) or not self.names.is_project(module):
            return
        for meaning in self.names.resolve_attribute(module, tuple(parts[depth:])):
            if meaning[0] == "unit":
                target = (str(meaning[1]), int(meaning[2]))
                out.units.setdefault(target, f"the name {text!r}")
                out.loads.update(dict.fromkeys([module, target[0]]))
                out.wiring.append(f"text {text}")

    def _guards(self, module: str, unit: Unit, out: _Found) -> None:
        """The conditions around a statement."""
        for guard, branch in unit.guards:
            label = self.names.summary(module).units[guard].label
            out.units.setdefault((module, guard), "the condition")
            out.wiring.append(f"{branch} of {module}:{label}")

    def _follow(self, module: str, unit: Unit, meaning: Meaning, text: str, out: _Found) -> None:
        kind, what = meaning[0], str(meaning[1])
        if kind == "unit":
            target = (what, int(meaning[2]))
            out.units.setdefault(target, text)
            out.loads[what] = None
            label = self.names.summary(what).units[target[1]].label
            out.wiring.append(f"unit {what}:{label}")
        elif kind == "guards":
            out.loads[what] = None
            self._guards(what, self.names.summary(what).units[int(meaning[2])], out)
        elif kind == "foreign":
            out.wiring.append(f"{meaning[2]} {what}")
            self._foreign(module, unit, what, str(meaning[2]), text, out)
        elif kind in ("module", "whole"):
            out.wiring.append(f"module {what}")
            out.loads[what] = None
            how = f"module {what} is used as a value ({text})"
            out.dynamic[Dynamic("=" + what, how, unit.line)] = None
        elif kind == "docs":
            out.docs_of[what] = None
        else:
            out.wiring.append(f"{kind} {what}")
            if what == "__doc__":
                out.docs_of[module] = None

    def _foreign(self, module: str, unit: Unit, dotted: str, kind: str, text: str, out: _Found) -> None:
        out.foreign[(dotted, kind)] = None
        asked = text.rpartition(".")[2] in known.IMPORTERS and tuple(text.split(".")) not in unit.values
        if dotted == "sys.executable":  # where it is said what it runs, that counts
            asked = any(d[0] in ("main", "script") for d in unit.dynamic)
        if kind == "std" and not asked and known.any_module(dotted):
            out.dynamic[Dynamic("", f"{text} can run any module", unit.line)] = None
        if known.starts(dotted, known.UNPICKLES):
            out.dynamic[Dynamic("", f"{text} can name any class of the project", unit.line)] = None

    def _import(self, module: str, level: int, name: str, names: tuple[str, ...], out: _Found) -> None:
        base = self.names.absolute(module, level, name)
        kind = self.names.find(base).kind if base else MISSING
        out.wiring.append(f"import {kind} {base}")
        if kind == DIST:
            out.foreign[(base, kind)] = None
        for imported in self.names.imported(module, level, name, names):
            if self.names.is_project(imported):
                out.loads[imported] = None

    def _runner(self, module: str, unit: Unit, name: str, line: int, out: _Found) -> None:
        """A function of the library that runs or finds what it is told, here something computed."""
        for chain in unit.refs:
            if chain[-1] == name and any(
                m[0] == "foreign" and m[2] == "std" and known.any_module(str(m[1]))
                for m in self.names.resolve(module, chain)[0]
            ):
                out.dynamic[Dynamic("", f"{name}() of something computed", line)] = None

    def _dynamic(self, module: str, unit: Unit, asked: tuple[str, str, int], out: _Found) -> None:
        kind, what, line = asked
        if kind == "resource":
            return
        if kind == "module":
            out.dynamic[Dynamic("=" + module, what, line)] = None
        elif kind in ("main", "script"):
            out.wiring.append(f"run {what}")
            out.dynamic[Dynamic(">" + what, f"{what} is run as a script", line)] = None
        elif kind == "named":
            if self.names.is_project(what.replace(":", ".").rstrip(".")):
                out.dynamic[Dynamic("=" + what.rstrip(":"), f"module {what} is looked up", line)] = None
            else:
                self._text(what, out)
        elif kind == "runner":
            self._runner(module, unit, what, line, out)
        elif kind in ("project", "exists"):
            out.dynamic[Dynamic("?" if kind == "exists" else "", what, line)] = None
        else:
            prefix = self.names.absolute(module, 0, what)
            named = f" beginning with {prefix!r}" if prefix else ""
            out.dynamic[Dynamic(prefix, f"a module is imported by a computed name{named}", line)] = None

    def bare_imports(self, module: str) -> tuple[str, ...]:
        """Modules of distributions that are imported and never named again: for what that does."""
        summary = self.names.summary(module)
        if self.names.find(module).is_package:  # an __init__ imports for others
            return ()
        named = {chain[0] for u in summary.units for chain in (*u.refs, *u.annotation_refs)}
        named.update(summary.exports or ())
        out = []
        for index, unit in enumerate(summary.units):
            if unit.kind != "import" or not any(
                self.names.find(n).kind == DIST for _, n, _ in unit.imports_top if n
            ):
                continue
            bound = [n for n, bindings in summary.names.items() if any(i == index for i, _ in bindings)]
            if bound and named.isdisjoint(bound):
                out += [
                    n for level, n, _ in unit.imports_top if not level and self.names.find(n).kind == DIST
                ]
        return tuple(out)
