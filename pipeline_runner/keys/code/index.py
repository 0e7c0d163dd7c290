"""``CodeIndex``: what callables do, kept on disk from one run to the next."""

from __future__ import annotations

import marshal
import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..digest import combine
from . import disk
from .errors import CodeError, bad_name, missing_module, missing_name, unparsable
from .files import SourceFiles
from .fingerprint import Fingerprint
from .path import search_path

if TYPE_CHECKING:  # what is needed only when something changed is imported then
    from ...model.work import Project
    from .links import Linker
    from .maker import Maker
    from .names import Meaning, Names
    from .reach import Reach
    from .signatures import Signature

_MEMOS = 2000

Called = tuple[tuple[Any, ...] | None, bool]  # how to call it: the plain signature, whether it is data


class CodeIndex:
    """Fingerprints of callables ("package.module:qualname"), from source; nothing is imported."""

    def __init__(self, project: Project, *, index_file: str | None = None, paranoid: bool = False) -> None:
        self._project = project
        self._file = index_file
        self._sections = disk.load(index_file)
        self._files = SourceFiles(self._sections, paranoid)
        self._path = search_path(project.path)
        sites = [self._files.site(p) for p in self._path]
        self._world = combine("world", [project.root, str(len(project.path)), *self._path, *sites])
        self._made: dict[str, Fingerprint] = {}
        self._called: dict[str, Called] = {}
        self._lines: dict[str, list[str]] = {}
        self._tools: tuple[Names, Linker, Maker] | None = None
        self._memo_changed = False

    # what callers ask

    def fingerprint(self, call: str) -> Fingerprint:
        """What a callable does. Raises ``CodeError`` when it can't be found or read."""
        found = self._made.get(call)
        if found is None:
            found = self._remembered("call " + call)
            if found is None:
                reach, entry = self._reach_call(call)
                found = self._keep("call " + call, reach, entry, self._call(call))
            self._made[call] = found
        return found

    def class_digest(self, name: str) -> str:
        """The present code of a class that a stored object names, or that it is gone."""
        key = "class " + name
        found = self._made.get(key) or self._remembered(key)
        if found is None:
            reach, entry = self._reach_class(name)
            found = self._keep(key, reach, entry)
        self._made[key] = found
        return found.digest

    def signature(self, call: str) -> Signature | None:
        """The callable's parameters; None where the source doesn't tell."""
        from .signatures import from_plain

        plain, _ = self._call(call)
        return None if plain is None else from_plain(plain)

    def is_data(self, call: str) -> bool:
        """Whether the name plainly stands for a constant, a list or the like, which cannot be called."""
        return self._call(call)[1]

    def _call(self, call: str) -> Called:
        """Known with the fingerprint: it follows from the same files."""
        key = "call " + call
        if key not in self._called:
            from .signatures import signature_of, to_plain

            names, _, _ = self._made_tools()
            signature = signature_of(names, *_split(call))
            plain = None if signature is None else to_plain(signature)
            self._called[key] = plain, signature is None and self._names_data(call)
        return self._called[key]

    def _names_data(self, call: str) -> bool:
        text = self.source_of(call)
        if text is None:
            return False
        import ast

        try:
            body = ast.parse(text).body
        except (SyntaxError, ValueError):
            return False
        data = (ast.Constant, ast.List, ast.Dict, ast.Set, ast.Tuple, ast.JoinedStr)
        return (
            len(body) == 1
            and isinstance(body[0], (ast.Assign, ast.AnnAssign))
            and isinstance(body[0].value, data)
        )

    def explain(self, call: str) -> list[tuple[str, str, int, str, str]]:
        """(definition, file, line, reached from, why) of all that a callable reaches."""
        reach, _ = self._reach_call(call)
        names, _, maker = self._made_tools()
        out = []
        for (module, index), origin in reach.units.items():
            unit = names.summary(module).units[index]
            name = f"{module}:{unit.label or '<module>'}"
            out.append((name, maker.file_of(module), unit.line, origin.source, origin.why))
        for module, origin in (*reach.modules.items(), *reach.opaque.items()):
            if names.find(module).file:
                out.append((f"{module}:<import>", maker.file_of(module), 1, origin.source, origin.why))
        for file, origin in reach.data.items():
            if os.path.exists(file):
                out.append((f"{maker.shown(file)}:<data>", maker.shown(file), 1, *origin))
        for file, name in reach.elsewhere.files.items():
            shown = maker.shown(file)
            out.append((f"{name}:<file {shown}>", shown, 1, *reach.elsewhere.why(name)))
        return out

    def source_of(self, definition: str) -> str | None:
        """The present source text of a definition."""
        module, _, label = definition.partition(":")
        names, linker, _ = self._made_tools()
        found = names.find(module)
        if found.kind != "source" or names.summary(module).error is not None:
            return None
        lines = self._lines.get(found.file)
        if lines is None:
            with open(found.file, encoding="utf-8", errors="replace") as f:  # lines as Python counts them
                lines = self._lines[found.file] = f.readlines()
        units = names.summary(module).units
        if label == "<file>":
            return "".join(lines)
        if label == "<module>":
            acting = set(linker.acting.units(module))
            chosen = [u for i, u in enumerate(units) if i in acting or u.kind == "import"]
        else:
            chosen = [u for u in units if u.label == label]
        return "".join("".join(lines[u.line - 1 : u.end]) for u in chosen) or None

    def save(self) -> None:
        """Write the index if it changed."""
        if self._file is None or not (self._files.changed or self._memo_changed):
            return
        self._files.forget_missing()
        memo = self._sections["memo"]
        for key in list(memo)[: max(0, len(memo) - _MEMOS)]:
            del memo[key]
        disk.save(self._file, self._sections)
        self._files.changed = self._memo_changed = False

    # remembering

    def _remembered(self, key: str) -> Fingerprint | None:
        """A fingerprint made earlier, if all that it was made from is as it was."""
        known = self._sections["memo"].get(key)
        if known is None or known[0] != self._world:
            return None
        plain: tuple[Any, ...]
        plain, folders, files, called = marshal.loads(known[1])
        if any(self._files.digest_of(f) != d for f, d in files) or any(
            self._files.listing(f) != d for f, d in folders
        ):
            return None
        if called is not None:
            self._called[key] = called
        return Fingerprint(*plain)

    def _keep(self, key: str, reach: Reach, entry: list[str], called: Called | None = None) -> Fingerprint:
        _, _, maker = self._made_tools()
        made = maker.make(reach, entry)
        folders: list[Any] = [(f, self._files.listing(f)) for f in sorted(self._finder.folders_used)]
        plain: tuple[Any, ...] = (made.digest, *map(dict, made[1:5]), made.warnings)
        raw = marshal.dumps((plain, folders, list(made.sources.items()), called))
        self._sections["memo"].pop(key, None)
        self._sections["memo"][key] = (self._world, raw)
        self._memo_changed = True
        return made

    # making

    def _made_tools(self) -> tuple[Names, Linker, Maker]:
        if self._tools is None:
            from .finder import Finder
            from .links import Linker
            from .maker import Maker
            from .names import Names

            distributions = self._files.distributions(self._path)
            self._finder = Finder(self._path, distributions, self._files)
            names = Names(self._finder, self._files)
            linker = Linker(names)
            self._tools = names, linker, Maker(linker, self._files, distributions, self._project.root)
        return self._tools

    def _reach_call(self, call: str) -> tuple[Reach, list[str]]:
        from .finder import BINARY, MISSING, NAMESPACE, SOURCE
        from .origin import Broken, Origin
        from .reach import Reach

        module, qualname = _split(call)
        names, linker, _ = self._made_tools()
        reach = Reach(linker, self._project.path)
        origin = Origin("", "called by the step")
        kind = names.find(module).kind
        if kind == MISSING or (kind == NAMESPACE and not names.below(module)):
            raise missing_module(names, module, self._project.path)
        if kind == SOURCE and names.summary(module).error is not None:
            raise unparsable(names, module)
        chain = tuple(qualname.split("."))
        try:
            if kind == BINARY:
                reach.load(module, origin)
                reach.run()
                return reach, ["binary", call]
            if kind not in (SOURCE, NAMESPACE):
                reach.follow(module, (("foreign", f"{module}.{qualname}", kind),), origin)
                return reach, ["foreign", f"{module}:{qualname}"]
            reach.load(module, origin)
            meanings = self._meanings(module, chain, reach)
            reach.follow(module, meanings, origin)
            reach.run()
        except Broken as broken:
            raise unparsable(names, broken.module) from None
        return reach, ["call", *self._entry(meanings), *chain[1:]]

    def _meanings(self, module: str, chain: tuple[str, ...], reach: Reach) -> tuple[Meaning, ...]:
        names, _, _ = self._made_tools()
        meanings = names.resolve_attribute(module, chain)
        kinds = {m[0] for m in meanings}
        if kinds & {"unit", "foreign"}:
            if not names.may_have(meanings, chain):
                raise missing_name(names, module, chain)
            return meanings
        if kinds == {"module"} and names.find(str(meanings[0][1])).is_project:
            raise CodeError(f"{module}:{'.'.join(chain)} is a module, not a function")
        if self._makes_names(module, reach):
            return (("module", module),)
        raise missing_name(names, module, chain)

    def _makes_names(self, module: str, reach: Reach) -> bool:
        """Whether a module may bind names that its source doesn't show."""
        reach.run()
        return module in reach.whole

    def _entry(self, meanings: Iterable[Meaning]) -> list[str]:
        names, _, _ = self._made_tools()
        out = []
        for meaning in meanings:
            what = str(meaning[1])
            if meaning[0] == "unit":
                what += ":" + names.summary(what).units[int(meaning[2])].label
            out.append(f"{meaning[0]} {what}")
        return out

    def _reach_class(self, name: str) -> tuple[Reach, list[str]]:
        module, _, qualname = name.partition(":")
        from .reach import Reach

        names, linker, _ = self._made_tools()
        reach = Reach(linker, self._project.path)
        if names.find(module).kind == "missing" or not qualname:
            return reach, ["gone", name]
        outer = qualname.split(".<locals>")[0]
        try:
            return self._reach_call(f"{module}:{outer}")[0], ["class", name]
        except CodeError as error:
            if error.where is not None:  # the source doesn't parse
                raise
            return reach, ["gone", name]


def _split(call: str) -> tuple[str, str]:
    module, colon, qualname = call.partition(":")
    parts: list[Any] = [*module.split("."), *qualname.split(".")]
    if not colon or not all(p.isidentifier() for p in parts):
        raise bad_name(call)
    return module, qualname
