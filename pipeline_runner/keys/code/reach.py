"""Everything that a callable can reach: definitions, modules that are imported, foreign names.

A walk with a list of what is still to do; it ends when nothing new is found. What something reads of
the code itself (docstrings, annotations, source) is noticed on the way and applied to all of it.
"""

from __future__ import annotations

from collections.abc import Iterable

from . import known
from .elsewhere import Elsewhere
from .finder import BINARY, DIST, NAMESPACE, SOURCE
from .links import Dynamic, Linker, Links, UnitId
from .names import Meaning
from .origin import Broken, Origin
from .readers import Readers
from .search import Search
from .summary import Unit


class Reach:
    """What is reached from one callable."""

    def __init__(self, linker: Linker, roots: tuple[str, ...]) -> None:
        self._linker = linker
        self._names = linker.names
        self._search = Search(linker.names)
        self._roots = roots
        self.units: dict[UnitId, Origin] = {}
        self.modules: dict[str, Origin] = {}  # imported on the way, in order
        self.opaque: dict[str, Origin] = {}  # counted by their bytes
        self.whole: dict[str, Origin] = {}
        self.foreign: dict[tuple[str, str], Origin] = {}
        self.elsewhere = Elsewhere(linker.names, self._search, roots)
        self.data: dict[str, Origin] = {}  # files of packages that are read, there or not
        self.values: set[UnitId] = set()
        self.docs_of: set[str] = set()
        self.warnings: dict[str, None] = {}
        self.readers = Readers()
        self.fell_back = False  # to all modules of a prefix: some may not even parse
        self.asks_modules = False  # which modules there are
        self.succeeds: dict[str, Origin] = {}  # modules where it matters whether they can be imported
        self._pending: list[UnitId] = []
        self._pending_whole: list[str] = []
        self._fallen: set[str] = set()
        self._later: dict[str, Origin] = {}  # imported by functions when they are called
        self._catches = False
        self._attached: dict[UnitId, list[tuple[UnitId, Origin]]] = {}
        self._broken: dict[str, None] = {}

    # starting points

    def follow(self, module: str, meanings: tuple[Meaning, ...], origin: Origin) -> None:
        for meaning in meanings:
            kind, what = meaning[0], str(meaning[1])
            if kind == "unit":
                self.load(what, origin)
                self._reach((what, int(meaning[2])), origin)
            elif kind == "foreign":
                self._note_foreign(what, str(meaning[2]), origin)
            elif kind in ("module", "whole"):
                self._take_whole(what, origin)
            elif kind == "guards":
                self.load(what, origin)
                for guard, _ in self._names.summary(what).units[int(meaning[2])].guards:
                    self._reach((what, guard), origin)

    def run(self) -> None:
        while True:
            self._settle()
            found = self.elsewhere.look()
            if not found:
                break
            for module, kind in found:
                if kind == DIST:
                    self._note_foreign(module, kind, Origin("", "imported by a file that runs"))
                elif module:
                    self._take_whole(module, Origin("", "imported by a file that runs"))
        for module in self._broken:
            if module not in self.succeeds and not self.fell_back:
                raise Broken(module)
        text = self.elsewhere.warning()
        if text is not None:
            module, line = self.elsewhere.moved or ("", 1)
            self.warnings[f"{module}|{line}|{text}"] = None

    def _settle(self) -> None:
        while True:
            while self._pending or self._pending_whole:
                if self._pending:
                    self._process(self._pending.pop())
                else:
                    self._expand(self._pending_whole.pop())
            before = (len(self.units), len(self.whole), len(self.modules))
            for module in list(self.modules):
                package = module.rpartition(".")[0]
                frames = self.readers.frames
                why = "frames are looked into" if frames else f"attribute of package {package}"
                if frames or package in self.whole:
                    self._take_whole(module, Origin(f"{package or module}:<module>", why))
                if self.fell_back:
                    self._run_main(module, Origin(f"{module}:<module>", "any module may be run as a script"))
            if before == (len(self.units), len(self.whole), len(self.modules)):
                break

    # modules

    def load(self, module: str, origin: Origin) -> None:
        """Import a module: its packages and what they import run too."""
        pending = [(module, origin)]
        while pending:
            name, cause = pending.pop()
            if name in self.modules or name in self.opaque:
                continue
            fresh = [m for m in self._names.parents(name) if m not in self.modules and m not in self.opaque]
            found: list[tuple[str, Origin]] = []
            for each in fresh:
                found += self._enter(each, cause)
            pending.extend(reversed(found))

    def _enter(self, module: str, origin: Origin) -> list[tuple[str, Origin]]:
        found = self._names.find(module)
        if found.kind == BINARY:
            self.opaque[module] = origin
            return []
        if found.kind not in (SOURCE, NAMESPACE):
            return []
        summary = self._names.summary(module)
        if summary.error is not None:
            self._broken[module] = None
            self.opaque[module] = origin
            return []
        self.modules[module] = origin
        here = f"{module}:<module>"
        for index in self._linker.acting.units(module):
            self._reach((module, index), Origin(here, f"runs when {module} is imported"))
        for index, target in self._linker.acting.attached(module):
            self._attach((module, index), target)
        for dotted in self._linker.bare_imports(module):
            self._note_foreign(dotted, DIST, Origin(here, f"imported by {module}, and not named again"))
        out: list[tuple[str, Origin]] = []
        for unit in summary.units:
            for level, name, names in unit.imports_top:
                self.elsewhere.note_import(level, name, names)
                cause = Origin(here, f"imported by {module}")
                out += [(m, cause) for m in self._names.imported(module, level, name, names)]
        return out

    def must_succeed(self, module: str, origin: Origin) -> None:
        """Whether this module can be imported matters: all counts that may fail while it is."""
        pending = [(module, origin)]
        while pending:
            name, cause = pending.pop()
            for each in self._names.parents(name):
                if each in self.succeeds or not self._names.is_project(each):
                    continue
                self.succeeds[each] = cause
                self.load(each, cause)
                here = Origin(f"{each}:<module>", f"it matters whether {each} can be imported")
                for index in self._linker.fragile.units(each):
                    self._reach((each, index), here)
                for unit in self._names.summary(each).units:
                    for found in unit.imports_top:
                        pending += [(m, here) for m in self._linker.project_modules(each, found)]

    def _take_whole(self, module: str, origin: Origin) -> None:
        """Count all of a module: anything of it may be meant."""
        if module not in self.whole:
            self.whole[module] = origin
            self._pending_whole.append(module)

    def _expand(self, module: str) -> None:
        """Reach all that a whole module binds."""
        origin = self.whole[module]
        self.load(module, origin)
        if module not in self.modules:
            return
        summary = self._names.summary(module)
        here = Origin(f"{module}:<module>", f"whole module: {origin.why}")
        for index, unit in enumerate(summary.units):
            if unit.label and unit.kind != "main":
                self._reach((module, index), here)
        for name in summary.names:
            self.follow(module, self._names.bound(module, name), here)
        for _, level, star in summary.stars:
            base = self._names.absolute(module, level, star)
            if self._names.is_project(base):
                self._take_whole(base, here)

    def known_modules(self) -> list[str]:
        """All modules of the project."""
        return self._search.modules_of("", self._roots)

    # units

    def is_annotated(self, unit: UnitId) -> bool:
        """Whether something may read the unit's annotations."""
        return self.readers.annotations or (self.readers.curious and unit in self.values)

    def _reach(self, unit: UnitId, origin: Origin) -> None:
        if unit not in self.units:
            self.units[unit] = origin
            self._pending.append(unit)
            for kept, cause in self._attached.pop(unit, ()):
                self._reach(kept, cause)

    def _attach(self, unit: UnitId, target: UnitId) -> None:
        """An object keeps this unit: it counts where the object does."""
        home = self._names.summary(target[0]).units[target[1]].label
        origin = Origin(f"{target[0]}:{home}", "kept by it")
        if target in self.units:
            self._reach(unit, origin)
        else:
            self._attached.setdefault(target, []).append((unit, origin))

    def _again(self, units: Iterable[UnitId]) -> None:
        """Look again at units whose annotations count from now on."""
        self._pending.extend(u for u in units if u in self.units)

    def _process(self, unit_id: UnitId) -> None:
        module, index = unit_id
        unit = self._names.summary(module).units[index]
        links = self._linker.links(module, index, self.is_annotated(unit_id))
        here = f"{module}:{unit.label or '<module>'}"
        self._read_specials(module, unit)
        for name in links.caught:
            self.must_succeed(name, Origin(here, f"imported by {here}, which may catch that it fails"))
        self._note_later(unit, links, here)
        for name in links.loads:
            self.load(name, Origin(here, f"imported by {here}"))
        for target, text in links.units:
            self._reach(target, Origin(here, f"uses {text.lstrip('.0123456789')}"))
        if not links.values <= self.values:
            fresh = links.values - self.values
            self.values |= fresh
            if self.readers.curious:
                self._again(fresh)
        self.docs_of.update(links.docs_of)
        for path in links.data:
            self.data.setdefault(path, Origin(here, f"read by {here}"))
        for dotted, kind in links.foreign:
            self._note_foreign(dotted, kind, Origin(here, f"uses {dotted}"))
            if kind == "std" and known.starts(dotted, known.MOVES_PATH):
                self._move_path(module, unit.line)
        for dynamic in links.dynamic:
            self._fall_back(module, dynamic, here)

    def _note_later(self, unit: Unit, links: Links, here: str) -> None:
        """Imports in functions fail where these are called, and something around that may catch it."""
        for name in links.later:
            self._later.setdefault(
                name, Origin(here, f"imported by {here} under something that may catch it")
            )
        self._catches = self._catches or unit.catches
        if self._catches:
            while self._later:
                self.must_succeed(*self._later.popitem())

    def _read_specials(self, module: str, unit: Unit) -> None:
        if unit.special:
            before = self.readers.annotations
            self.readers.note_names(unit.special)
            if self.readers.annotations and not before:
                self._again(self.units)
        if "__path__" in unit.special or "PYTHONPATH" in unit.special:
            self._move_path(module, unit.line)
            self.elsewhere.packages = self.elsewhere.packages or "__path__" in unit.special
        if "__loader__" in unit.special:
            dynamic = Dynamic("", "__loader__ can load any module", unit.line)
            self._fall_back(module, dynamic, f"{module}:{unit.label}")
        for found in (*unit.imports_top, *unit.imports_in):
            self.elsewhere.note_import(*found)

    def _move_path(self, module: str, line: int) -> None:
        if self.elsewhere.moved is None:
            self.elsewhere.moved = (module, line)

    def _note_foreign(self, dotted: str, kind: str, origin: Origin) -> None:
        if (dotted, kind) in self.foreign:
            return
        self.foreign[(dotted, kind)] = origin
        annotations, curious = self.readers.annotations, self.readers.curious
        self.readers.note_foreign(dotted, kind)
        if self.readers.annotations and not annotations:
            self._again(self.units)
        elif self.readers.curious and not curious:
            self._again(self.values)

    def _fall_back(self, module: str, dynamic: Dynamic, here: str) -> None:
        if dynamic.modules == "?":
            self.asks_modules = True
            return
        if dynamic.modules.startswith(">"):
            self._launch(dynamic.modules[1:], module, Origin(here, dynamic.why))
            return
        origin = Origin(here, dynamic.why if "whole" in dynamic.why else f"whole module: {dynamic.why}")
        if dynamic.modules.startswith("="):
            targets = [dynamic.modules[1:]]
            what = f"all of module {targets[0]}"
        else:
            self.fell_back = True
            targets = self._search.modules_of(dynamic.modules, self._roots)
            what = f"all of {len(targets)} modules"
        self.warnings[f"{module}|{dynamic.line}|{dynamic.why}: {what} counts"] = None
        if dynamic.modules in self._fallen:
            return
        self._fallen.add(dynamic.modules)
        for target in targets:
            self._take_whole(target, origin)
        if not dynamic.modules:
            self.elsewhere.files.update(dict.fromkeys(self._search.loose(self._roots), "(any)"))

    def _launch(self, what: str, module: str, origin: Origin) -> None:
        """A module or a file that is run as a script."""
        if what.endswith(".py"):
            if not self.elsewhere.add_script(what, module) and ("sys.executable", "std") in self.foreign:
                self._fall_back(
                    module, Dynamic("", f"python runs {what}, which is not found", 1), origin.source
                )
            return
        inner = f"{what}.__main__"
        target = inner if self._names.is_project(inner) else what
        self.elsewhere.note_import(0, target, ())
        if self._names.is_project(target):
            self.load(target, origin)
            self._run_main(target, origin)

    def _run_main(self, module: str, origin: Origin) -> None:
        """What a module does only when it is run as a script."""
        for index, unit in enumerate(self._names.summary(module).units):
            if unit.kind == "main":
                self._reach((module, index), origin)
