"""Source text to ``Summary``."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator

from ..digest import digest
from .chains import chain_of, is_type_checking
from .normal import Normal, docstring, is_noise, to_bytes
from .running import has_implicit, operates
from .scope import Walk
from .signature import signatures
from .summary import Chain, Summary, Unit
from .visit import walk

_KINDS: dict[type, str] = {
    ast.FunctionDef: "def", ast.AsyncFunctionDef: "def", ast.ClassDef: "class", ast.Assign: "name",
    ast.AnnAssign: "name", ast.AugAssign: "name", ast.Import: "import", ast.ImportFrom: "import",
    ast.Try: "block", ast.TryStar: "block", ast.For: "block", ast.While: "block", ast.With: "block",
    ast.Match: "block",
}  # fmt: skip
if sys.version_info >= (3, 12):
    _KINDS[ast.TypeAlias] = "name"
_HOOKS = ("__init_subclass__", "__set_name__", "__class_getitem__", "__prepare__", "__new__", "__init__")
_IMMUTABLE = (
    ast.Constant, ast.Tuple, ast.UnaryOp, ast.BinOp, ast.JoinedStr, ast.FormattedValue, ast.Name, ast.Compare,
    ast.BoolOp, ast.IfExp, ast.operator, ast.unaryop, ast.cmpop, ast.boolop, ast.expr_context,
)  # fmt: skip
_DEEP = 100_000

Guards = tuple[tuple[int, int], ...]


def summarise(source: bytes, file: str) -> Summary:
    """The summary of a file's bytes; a file that doesn't parse has its error there."""
    try:
        tree = _parse(source, file)
    except SyntaxError as error:
        place = (error.lineno or 1, error.offset or 1, (error.text or "").rstrip("\n"))
        return Summary(error=(error.msg, *place))
    except (ValueError, RecursionError, MemoryError) as error:
        reason = str(error) if isinstance(error, ValueError) else "too deeply nested to be analysed"
        return Summary(error=(reason, 1, 1, ""))
    return _Module(tree).summary()


def _parse(source: bytes, file: str) -> ast.Module:
    try:
        return ast.parse(source, file)
    except RecursionError:
        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(max(limit, _DEEP))
        try:
            return ast.parse(source, file)
        finally:
            sys.setrecursionlimit(limit)


class _Module:
    def __init__(self, tree: ast.Module) -> None:
        self.tree = tree
        self.units: list[Unit] = []
        self.names: dict[str, list[tuple[int, tuple[Chain, ...]]]] = {}
        self.globals: dict[str, list[tuple[int, tuple[Chain, ...]]]] = {}
        self.stars: list[tuple[int, int, str]] = []
        self.exports: tuple[str, ...] | None = None
        self.labels: dict[str, int] = {}
        self.types_run = any(_sets_type_checking(s) for s in tree.body)
        self.future = any(
            isinstance(s, ast.ImportFrom)
            and s.module == "__future__"
            and any(a.name == "annotations" for a in s.names)
            for s in tree.body
        )

    def summary(self) -> Summary:
        for statement, guards in self._statements():
            self._unit(statement, guards)
        text = docstring(self.tree.body)
        return Summary(
            tuple(self.units),
            {k: tuple(v) for k, v in self.names.items()},
            tuple(self.stars),
            self.exports,
            {k: tuple(v) for k, v in self.globals.items()},
            "" if text is None else digest(text.encode("utf-8", "surrogatepass")),
            signatures(self.tree),
        )

    def _statements(self) -> Iterator[tuple[ast.stmt, Guards]]:
        """Top-level statements, those inside of ``if`` too, with the conditions around them."""
        pending: list[tuple[ast.stmt, Guards]] = [(s, ()) for s in reversed(self.tree.body)]
        while pending:
            statement, guards = pending.pop()
            if not isinstance(statement, ast.If):
                if not is_noise(statement):
                    yield statement, guards
                continue
            if _is_main(statement.test):
                yield statement, guards
            branches = [(statement.orelse, guards)]
            if self.types_run or not _never_on_import(statement.test):
                guard = self._guard(statement.test, guards)
                branches = [
                    (statement.orelse, (*guards, (guard, 1))),
                    (statement.body, (*guards, (guard, 0))),
                ]
            for body, around in branches:
                pending.extend((s, around) for s in reversed(body))

    def _guard(self, test: ast.expr, guards: Guards) -> int:
        found = walk(ast.UnaryOp(ast.Not(), test))  # only its truth is asked
        for name, targets in found.binds.items():  # if x := ...
            self.names.setdefault(name, []).append((len(self.units), tuple(targets)))
        self._add("guard", None, test, found, guards)
        return len(self.units) - 1

    def _unit(self, statement: ast.stmt, guards: Guards) -> None:
        found = walk(statement)
        if isinstance(statement, ast.If):  # what runs in a script alone; it binds nothing for others
            found.imports_in, found.imports_top = [*found.imports_top, *found.imports_in], []
            self._add("main", self._label(["<main>"]), statement, found, guards)
            return
        index = len(self.units)
        for name, targets in found.binds.items():
            self.names.setdefault(name, []).append((index, tuple(dict.fromkeys(targets))))
        for name, targets in found.global_writes.items():
            self.globals.setdefault(name, []).append((index, tuple(dict.fromkeys(targets))))
        for level, module, names in found.imports_top:
            if "*" in names:
                self.stars.append((index, level, module))
        if "__all__" in found.binds:
            self._note_exports(statement)
        kind = _KINDS.get(type(statement), "run")
        label = "" if kind == "import" or not found.binds else self._label(list(found.binds))
        self._add(kind, label, statement, found, guards)

    def _label(self, names: list[str]) -> str:
        label = ",".join(names[:4]) + ("..." if len(names) > 4 else "")
        count = self.labels[label] = self.labels.get(label, 0) + 1
        return label if count == 1 else f"{label}#{count}"

    def _note_exports(self, statement: ast.stmt) -> None:
        """Remember ``__all__`` where it is literal; otherwise any name may be exported."""
        value = getattr(statement, "value", None)
        parts = value.elts if isinstance(value, (ast.List, ast.Tuple)) else None
        if parts is None or not isinstance(statement, ast.Assign) or self.exports is not None:
            self.exports = ("*",)
            return
        names = [p.value for p in parts if isinstance(p, ast.Constant) and isinstance(p.value, str)]
        self.exports = tuple(names) if len(names) == len(parts) else ("*",)

    def _add(self, kind: str, label: str | None, node: ast.AST, found: Walk, guards: Guards) -> None:
        normal = Normal(node)
        if self.future and found.annotated:  # annotations are text here
            normal.core.append("future")
        if self.future and normal.annotations:
            normal.annotations.append("future")
        core = digest(to_bytes(normal.core))
        if label is None:  # a condition has no name: it is known by what it says
            label = self._label([f"<if {core[:8]}>"])
        line = getattr(node, "lineno", 1)
        first = min((d.lineno for d in getattr(node, "decorator_list", ())), default=line)
        self.units.append(
            Unit(
                kind=kind,
                label=label,
                line=first,
                end=getattr(node, "end_lineno", None) or first,
                core=core,
                docs=digest(to_bytes(normal.docs)) if normal.docs else "",
                annotations=digest(to_bytes(normal.annotations)) if normal.annotations else "",
                refs=tuple(sorted(found.refs)),
                values=tuple(sorted(found.values)),
                annotation_refs=tuple(sorted(found.annotation_refs)),
                now=tuple(sorted(found.now)),
                tested=tuple(sorted(found.tested)),
                calls=tuple(dict.fromkeys(found.calls)),
                decorators=tuple(dict.fromkeys(found.decorators)),
                bases=_bases(node),
                imports_top=tuple(found.imports_top),
                imports_in=tuple(found.imports_in),
                caught=tuple(dict.fromkeys(found.caught)),
                does=found.does or kind == "run",
                operates=kind == "guard" or operates(node),
                generates=found.generates,
                implicit=has_implicit(node),
                catches=found.catches,
                mutable=_mutable(node),
                dynamic=tuple(found.dynamic),
                special=tuple(sorted(found.special)),
                guards=guards,
                methods=_hooks(node),
                members=tuple(found.members),
                inner_calls=tuple(sorted(found.inner_calls)),
                texts=tuple(sorted(found.texts)),
                paths=tuple(sorted(found.paths)),
                inner_does=found.inner_does or bool(found.global_writes),
            )
        )


def _sets_type_checking(statement: ast.stmt) -> bool:
    """Whether a module has a TYPE_CHECKING of its own that isn't just False."""
    if not isinstance(statement, ast.Assign):
        return False
    named = any(isinstance(t, ast.Name) and t.id == "TYPE_CHECKING" for t in statement.targets)
    return named and not (isinstance(statement.value, ast.Constant) and statement.value.value is False)


def _never_on_import(test: ast.expr) -> bool:
    """``if TYPE_CHECKING`` and ``if __name__ == "__main__"``."""
    return is_type_checking(test) or _is_main(test)


def _is_main(test: ast.expr) -> bool:
    """``__name__ == "__main__"``."""
    if not (isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq)):
        return False
    sides = [test.left, *test.comparators]
    names = any(isinstance(s, ast.Name) and s.id == "__name__" for s in sides)
    return names and any(isinstance(s, ast.Constant) and s.value == "__main__" for s in sides)


def _bases(node: ast.AST) -> tuple[Chain, ...]:
    if not isinstance(node, ast.ClassDef):
        return ()
    found: list[Chain] = []
    for base in [*node.bases, *(k.value for k in node.keywords if k.arg == "metaclass")]:
        inner = base.value if isinstance(base, ast.Subscript) else base
        chain, root = chain_of(inner)
        found.append(chain if chain is not None and not isinstance(root, ast.Call) else ("?",))
    if any(k.arg != "metaclass" for k in node.keywords):
        found.append(("?keywords",))
    return tuple(found)


def _hooks(node: ast.AST) -> tuple[str, ...]:
    if not isinstance(node, ast.ClassDef):
        return ()
    names = [getattr(s, "name", "") for s in node.body]
    return tuple(h for h in _HOOKS if h in names)


def _mutable(node: ast.AST) -> bool:
    if not isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
        return False
    value = node.value
    if value is None or isinstance(value, ast.Lambda):
        return False
    return not all(isinstance(n, _IMMUTABLE) for n in ast.walk(value))


__all__ = ["summarise"]
