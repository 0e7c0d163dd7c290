"""From what was reached to digests: one of each definition, and one of all."""

from __future__ import annotations

import os

from ..digest import combine
from ..packages import Distributions
from . import known
from .files import SourceFiles
from .finder import DIST, NAMESPACE, STD
from .fingerprint import Fingerprint
from .links import Linker, UnitId
from .order import Order
from .reach import Reach
from .summary import Unit


class Maker:
    """Makes fingerprints of reaches."""

    def __init__(self, linker: Linker, files: SourceFiles, distributions: Distributions, root: str) -> None:
        self._linker = linker
        self._names = linker.names
        self._files = files
        self._distributions = distributions
        self._root = root
        self._order = Order(linker)
        self._files_shown: dict[str, str] = {}

    def make(self, reach: Reach, entry: list[str]) -> Fingerprint:
        definitions: dict[str, str] = {}
        where: dict[str, tuple[str, int]] = {}
        digests = {unit: self._digest(reach, unit) for unit in reach.units}
        for (module, index), value in digests.items():
            unit = self._names.summary(module).units[index]
            if unit.label:
                definitions[f"{module}:{unit.label}"] = value
                where[f"{module}:{unit.label}"] = (self.file_of(module), unit.line)
        for module, value in self._order.sequences(reach, digests).items():
            definitions[f"{module}:<module>"] = value
            where[f"{module}:<module>"] = (self.file_of(module), self._first_line(reach, module))
        self._add_texts(reach, definitions, where)
        packages = self._packages(reach)
        parts = [*entry, "definitions"]
        for name in sorted(definitions):
            parts += [name, definitions[name]]
        parts.append("packages")
        for name in sorted(packages):
            parts += [name, packages[name]]
        return Fingerprint(
            combine("code", parts), definitions, where, packages, self._sources(reach), self._warnings(reach)
        )

    def _digest(self, reach: Reach, unit_id: UnitId) -> str:
        module, index = unit_id
        unit = self._names.summary(module).units[index]
        annotated = reach.is_annotated(unit_id)
        parts = [unit.core, self._linker.links(module, index, annotated).wiring]
        if unit.annotations and annotated:
            parts += ["annotations", unit.annotations]
        if unit.docs and self._reads_docs(reach, unit_id, unit):
            parts += ["docs", unit.docs]
        return combine("definition", parts)

    def _reads_docs(self, reach: Reach, unit_id: UnitId, unit: Unit) -> bool:
        if reach.readers.docs or (reach.readers.curious and unit_id in reach.values):
            return True
        return any(self._curious(unit_id[0], chain, set()) for chain in (*unit.decorators, *unit.bases))

    def _curious(self, module: str, chain: tuple[str, ...], seen: set[UnitId]) -> bool:
        """Whether a decorator or a base may look at the docstring of what it gets."""
        if chain[0].startswith("?"):
            return chain[-1] not in known.PURE_METHODS
        for meaning in self._names.resolve(module, chain)[0]:
            what = str(meaning[1])
            if meaning[0] == "foreign" and known.reads_docs(what, meaning[2] == "std"):
                return True
            if meaning[0] == "unit":
                target = (what, int(meaning[2]))
                base = self._names.summary(what).units[target[1]]
                if base.kind != "class":
                    return True
                if target not in seen:
                    seen.add(target)
                    if any(self._curious(what, b, seen) for b in base.bases):
                        return True
        return False

    def _add_texts(
        self, reach: Reach, definitions: dict[str, str], where: dict[str, tuple[str, int]]
    ) -> None:
        """Modules counted by their bytes, and module docstrings that something reads."""
        for module in reach.opaque:
            definitions[f"{module}:<file>"] = self._files.digest_of(self._names.find(module).file)
            where[f"{module}:<file>"] = (self.file_of(module), 1)
        for file in reach.data:
            if digest := self._files.digest_of(file):
                definitions[f"{self.shown(file)}:<data>"] = digest
                where[f"{self.shown(file)}:<data>"] = (self.shown(file), 1)
        for file, name in reach.elsewhere.files.items():
            shown = self.shown(file)
            definitions[f"{name}:<file {shown}>"] = self._files.digest_of(file)
            where[f"{name}:<file {shown}>"] = (shown, 1)
        for module in reach.succeeds:
            if module in reach.modules:
                definitions[f"{module}:<imports>"] = self._imports(module)
                where[f"{module}:<imports>"] = (self.file_of(module), 1)
        if reach.asks_modules:
            definitions["<modules>"] = combine(
                "modules", [*reach.known_modules(), *self._distributions.everything()]
            )
            where["<modules>"] = ("", 1)
        for module in reach.modules:
            if self._names.find(module).kind == NAMESPACE:
                continue
            docs = self._names.summary(module).docs
            if docs and (reach.readers.docs or module in reach.docs_of):
                definitions[f"{module}:<docstring>"] = docs
                where[f"{module}:<docstring>"] = (self.file_of(module), 1)
            if reach.readers.source:
                definitions[f"{module}:<file>"] = self._files.digest_of(self._names.find(module).file)
                where[f"{module}:<file>"] = (self.file_of(module), 1)

    def _imports(self, module: str) -> str:
        """What the imports find that a module makes when it is imported; standard modules are there."""
        parts = []
        for unit in self._names.summary(module).units:
            for found in unit.imports_top:
                base = self._names.absolute(module, found[0], found[1])
                if found[2] or self._names.find(base).kind != STD:
                    parts += self._linker.outcome(module, found)
        return combine("imports", parts)

    def _packages(self, reach: Reach) -> dict[str, str]:
        owners: set[str] = set()
        for dotted, kind in reach.foreign:
            if kind == DIST:
                found = self._names.find(dotted)
                owners.update(found.owners or self._distributions.below(dotted))
        if reach.readers.every_package:
            owners.update(self._distributions.everything())
        return self._distributions.versions(sorted(owners))

    def _sources(self, reach: Reach) -> dict[str, str]:
        out: dict[str, str] = {}
        for module in (*reach.modules, *reach.opaque):
            file = self._names.find(module).file
            if file:
                out[file] = self._files.digest_of(file)
        for file in (*reach.elsewhere.files, *reach.data):
            out[file] = self._files.digest_of(file)
        return out

    def _warnings(self, reach: Reach) -> tuple[str, ...]:
        out = []
        for warning in reach.warnings:
            module, line, text = warning.split("|", 2)
            out.append(f"{self.file_of(module)}:{line}: {text}")
        return tuple(sorted(out))

    def _first_line(self, reach: Reach, module: str) -> int:
        acting = [i for i in self._linker.acting.units(module) if (module, i) in reach.units]
        return self._names.summary(module).units[acting[0]].line if acting else 1

    def file_of(self, module: str) -> str:
        found = self._files_shown.get(module)
        if found is None:
            found = self._files_shown[module] = self.shown(self._names.find(module).file)
        return found

    def shown(self, file: str) -> str:
        """A file's path for people."""
        try:
            inside = os.path.relpath(file, self._root)
        except ValueError:  # another drive
            return file
        return file if inside.startswith("..") else inside.replace(os.sep, "/")
