"""Generated projects: whatever really runs is reached, and nothing else changes the key.

The definitions of a project are numbered; each uses some of lower numbers, in one of the ways Python
has to refer to a name of the same or of another module. The project is really run, under a trace.
"""

from __future__ import annotations

import importlib
import inspect
import itertools
import shutil
import sys
import tempfile
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline_runner.keys.code import CodeIndex
from pipeline_runner.model.work import Project

WAYS = ("from", "as", "module", "absolute", "inside", "star", "lazy", "package")
KINDS = ("function", "function", "constant", "class", "partial", "plugin", "nested", "branch")
_serial = itertools.count()


class Definition(NamedTuple):
    kind: str
    module: int
    uses: tuple[tuple[int, str], ...]  # (number, way)


@st.composite
def projects(draw: st.DrawFn) -> list[Definition]:
    count = draw(st.integers(3, 10))
    modules = sorted(draw(st.lists(st.integers(0, 3), min_size=count, max_size=count)))
    made = []
    for i in range(count):
        used = draw(st.lists(st.integers(0, i - 1), max_size=3, unique=True)) if i else []
        ways = [(u, draw(st.sampled_from(WAYS))) for u in sorted(used)]
        made.append(Definition(draw(st.sampled_from(KINDS)), modules[i], tuple(ways)))
    return made


def render(project: list[Definition], values: list[int], package: str) -> dict[str, str]:
    """The project's files. ``values[i]`` stands in definition i, and what it gives is made of it."""
    imports: dict[int, dict[str, None]] = {d.module: {} for d in project}
    bodies: dict[int, list[str]] = {d.module: [] for d in project}
    for i, definition in enumerate(project):
        inside: list[str] = []
        terms = [str(values[i])]
        for used, way in definition.uses:
            terms.append(_use(project, i, used, way, package, imports[definition.module], inside))
        bodies[definition.module].append(_text(definition.kind, i, " + ".join(terms), inside))
    files = {f"{package}/__init__.py": "", f"{package}/registry.py": REGISTRY}
    for module, body in bodies.items():
        head = [f"from {package}.registry import register", *imports[module]]
        files[f"{package}/m{module}.py"] = "\n".join([*head, *body]) + "\n"
    last = len(project) - 1
    files[f"{package}/app.py"] = (
        f"from {package}.m{project[last].module} import d{last}\n"
        f"from {package}.registry import TABLE\n"
        f"def run():\n    return {_value(project, last, f'd{last}')} + 1000003 * sum(f() for f in TABLE)\n"
    )
    return files


REGISTRY = "TABLE = []\ndef register(f):\n    TABLE.append(f)\n    return f\n"


def _value(project: list[Definition], number: int, name: str) -> str:
    kind = project[number].kind
    return name if kind == "constant" else f"{name}().give()" if kind == "class" else f"{name}()"


def _use(
    project: list[Definition],
    user: int,
    used: int,
    way: str,
    package: str,
    imports: dict[str, None],
    inside: list[str],
) -> str:
    here, there, name = project[user].module, project[used].module, f"d{used}"
    if here == there:
        return _value(project, used, name)
    target = f"{package}.m{there}"
    runs_now = project[user].kind in ("constant", "branch")
    if way == "from" or (runs_now and way in ("inside", "lazy")):
        imports[f"from {target} import {name}"] = None
    elif way == "as":
        imports[f"from .m{there} import {name} as a{used}"] = None
        name = f"a{used}"
    elif way in ("module", "package"):
        imports[f"from . import m{there}" if way == "module" else f"from {package} import m{there}"] = None
        name = f"m{there}.{name}"
    elif way == "absolute":
        imports[f"import {target}"] = None
        name = f"{target}.{name}"
    elif way == "star":
        imports[f"from {target} import *"] = None
    elif way == "inside":
        inside.append(f"from {target} import {name}")
    else:
        inside.append(f"import importlib; mod{used} = importlib.import_module('{target}')")
        name = f"mod{used}.{name}"
    return _value(project, used, name)


def _text(kind: str, i: int, total: str, inside: list[str]) -> str:
    body = "".join(f"    {line}\n" for line in inside)
    if kind == "constant":
        return f"d{i} = {total}"
    if kind == "class":
        deeper = "".join(f"        {line}\n" for line in inside)
        return f"class d{i}:\n    def give(self):\n{deeper}        return {total}\n"
    if kind == "partial":
        made = f"d{i} = functools.partial(p{i}, 0)\n"
        return f"import functools\ndef p{i}(x):\n{body}    return x + {total}\n{made}"
    if kind == "nested":
        return f"def d{i}():\n{body}    def inner():\n        return {total}\n    return inner()\n"
    if kind == "branch":
        first, second = (f"    def d{i}():\n        return {value}\n" for value in (total, 0))
        return f"if {total} != 12345:\n{first}else:\n{second}"
    decorated = "@register\n" if kind == "plugin" else ""
    return f"{decorated}def d{i}():\n{body}    return {total}\n"


class World:
    """A folder with one project in it."""

    def __init__(self) -> None:
        self.root = Path(tempfile.mkdtemp())
        self.package = f"generated{next(_serial)}"

    def write(self, project: list[Definition], values: list[int]) -> None:
        for name, text in render(project, values, self.package).items():
            path = self.root / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)

    def fingerprint(self) -> Any:
        made = CodeIndex(Project(str(self.root), (str(self.root),)), index_file=str(_INDEX))
        found = made.fingerprint(f"{self.package}.app:run")
        made.save()
        return found

    def run(self) -> tuple[Any, set[str]]:
        """What ``run`` gives, and the functions that it called (not those that imports called)."""
        called: set[str] = set()

        def trace(frame: FrameType, event: str, argument: Any) -> None:
            module = str(frame.f_globals.get("__name__", ""))
            if module.startswith(self.package) and frame.f_code.co_flags & inspect.CO_OPTIMIZED:
                called.add(f"{module.partition('.')[2]}:{frame.f_code.co_qualname.split('.')[0]}")

        for name in [n for n in sys.modules if n.startswith(self.package)]:
            del sys.modules[name]
        importlib.invalidate_caches()
        sys.path.insert(0, str(self.root))
        keep, sys.dont_write_bytecode = sys.dont_write_bytecode, True
        before = sys.gettrace()
        sys.settrace(trace)
        try:
            run = importlib.import_module(f"{self.package}.app").run
            called.clear()
            return run(), called
        finally:
            sys.settrace(before)
            sys.dont_write_bytecode = keep
            sys.path.remove(str(self.root))

    def remove(self) -> None:
        for name in [n for n in sys.modules if n.startswith(self.package)]:
            del sys.modules[name]
        shutil.rmtree(self.root)


_INDEX = Path(tempfile.gettempdir()) / f"prun-test-index-{next(_serial)}-{id(World)}"
BOUNDED = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def reached(project: list[Definition]) -> set[int]:
    """The definitions that the last one uses, by the numbers, and those that are plug-ins.

    Modules are imported whole, so their plug-ins count; but only those that an import leads to.
    """
    used = {len(project) - 1}
    loaded: set[int] = set()
    while True:
        before = (len(used), len(loaded))
        loaded |= {project[i].module for i in used}
        for i, definition in enumerate(project):
            if definition.module in loaded:
                if definition.kind == "plugin":
                    used.add(i)
                on_import = definition.kind in ("constant", "branch")
                for number, way in definition.uses:
                    if way not in ("inside", "lazy") or on_import:
                        loaded.add(project[number].module)
                if on_import and _calls(project, definition):
                    used.add(i)
        for i in list(used):
            used |= {number for number, _ in project[i].uses}
        if before == (len(used), len(loaded)):
            return used


def _calls(project: list[Definition], definition: Definition) -> bool:
    """Whether it calls what may act: then it counts as acting, wherever it is imported."""
    return any(project[n].kind != "constant" and not _quiet(project, n) for n, _ in definition.uses)


def _quiet(project: list[Definition], number: int) -> bool:
    definition = project[number]
    if definition.kind not in ("function", "nested", "branch"):
        return False
    if definition.kind != "branch" and any(
        way in ("inside", "lazy") and project[n].module != definition.module for n, way in definition.uses
    ):
        return False  # imports when it runs
    return not _calls(project, definition)


@BOUNDED
@given(projects(), st.data())
def test_an_edit_changes_the_key_exactly_if_it_is_reached(
    project: list[Definition], data: st.DataObject
) -> None:
    world = World()
    try:
        values = [10**i for i in range(len(project))]
        world.write(project, values)
        before = world.fingerprint()
        result, called = world.run()
        names = {f"{world.package}.{name}" for name in called if not name.endswith("<module>")}
        labels = {d.partition("#")[0] for d in before.definitions}
        missing = [name.rpartition(":d")[2] for name in names - labels]
        assert all(_quiet(project, int(n)) for n in missing), "something ran that is not reached"

        edited = data.draw(st.integers(0, len(project) - 1))
        values[edited] += 5
        world.write(project, values)
        after = world.fingerprint()
        changed, _ = world.run()
        if changed != result:
            assert after.digest != before.digest, "stale"
        assert (after.digest != before.digest) is (edited in reached(project))

        values[edited] -= 5
        world.write(project, values)
        assert world.fingerprint().digest == before.digest
    finally:
        world.remove()


@BOUNDED
@given(projects())
def test_comments_and_an_unused_function_change_nothing(project: list[Definition]) -> None:
    world = World()
    try:
        world.write(project, [1] * len(project))
        before = world.fingerprint()
        for path in world.root.rglob("*.py"):
            path.write_text(
                "# a comment\n\n" + path.read_text() + "\n\ndef unused(x=1):\n    return x  # twice\n"
            )
        assert world.fingerprint().digest == before.digest
    finally:
        world.remove()
