"""``prun check``: what a step returns that cannot be stored, or is another each time.

Read from the source of its callable and of the project's classes that its return annotation names,
and from what workers met when the step last ran; nothing of the user's is executed.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ..errors import Place, Problem
from ..keys.code import CodeError
from ..model.graph import Step, calls_of
from ..store.doubts import read_doubts

if TYPE_CHECKING:
    from .session import Session

# annotations of what is never stored, by how they may be written
_LAZY = re.compile(
    r"(?:typing\.|collections\.abc\.)?(Iterator|Generator|AsyncIterator|AsyncGenerator|Coroutine|Awaitable)\b"
)
_OPEN = re.compile(
    r"(?:typing\.)?(TextIO|BinaryIO|IO)\b|(threading\.(?:R?Lock|Thread|Event)|socket\.socket|sqlite3\.Connection"
    r"|sqlite3\.Cursor|subprocess\.Popen|types\.ModuleType|ModuleType|ThreadPoolExecutor|ProcessPoolExecutor)\b"
)
_OWN_STATE = frozenset({"__getstate__", "__reduce__", "__reduce_ex__"})
_MADE_OPEN = {
    "open": "an open file", "threading.Lock": "a lock", "threading.RLock": "a lock", "Lock": "a lock",
    "RLock": "a lock", "sqlite3.connect": "a connection", "socket.socket": "a socket",
    "threading.Thread": "a thread", "subprocess.Popen": "a process",
}  # fmt: skip
_LEFT_OUT = "give the class a __getstate__ that leaves it out"

At = Callable[[tuple[str | int, ...]], Place | None]


def returned_problems(session: Session, step: Step, where: At) -> Iterator[Problem]:
    """What is wrong with what the step's callables give: mostly warnings."""
    at = where(("steps", step.name, "call"))
    try:
        for path, call in calls_of(step.name, step.call, step.check):
            for problem in _put_off(session, step, call):
                yield problem._replace(where=where(path))
        found = list(_of_earlier_runs(session, step)) or _of_source(session, step)
        yield from (p._replace(where=at) for p in found)
    except (CodeError, OSError, SyntaxError, ValueError, RecursionError):
        return  # what is wrong with the callable itself is said elsewhere


def _of_earlier_runs(session: Session, step: Step) -> Iterator[Problem]:
    recipe = session.recipes.recipe(step.name).digest
    for output, (kind, why, hint) in sorted(read_doubts(session.store.index_dir, recipe).items()):
        what = f"output {output!r}" if output else "what it returns"
        yield _warning(
            "unstable-type",
            f"step {step.name!r}: {what} ({kind}) does not pickle stably: {why}",
            hint,
        )


def _put_off(session: Session, step: Step, call: str) -> Iterator[Problem]:
    """A function that does nothing yet when it is called: the step would fail."""
    function = _called(session, call)
    if not isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)) or function.decorator_list:
        return
    what = "the step" if call == step.call else "the check"
    if isinstance(function, ast.AsyncFunctionDef):
        hint = "call it through asyncio.run in a plain function"
        yield Problem("return", f"{call} is async: {what} would return a coroutine", None, hint)
    elif _yields(function):
        hint = "return a list instead" if call == step.call else ""
        yield Problem("return", f"{call} has a yield: {what} would return a generator", None, hint)


def _of_source(session: Session, step: Step) -> Iterator[Problem]:
    function = _called(session, step.call)
    if not isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)) or function.decorator_list:
        return
    if isinstance(function, ast.AsyncFunctionDef) or _yields(function) or function.returns is None:
        return
    annotation = ast.unparse(function.returns).strip("'\"")
    for pattern, hint in ((_LAZY, "return a list instead"), (_OPEN, "return what it holds, or its path")):
        if (found := pattern.search(annotation)) is not None:
            yield _warning(
                "return", f"{step.call} returns {annotation}: {found[1] or found[2]} cannot be stored", hint
            )
            return
    for name in _project_classes(session, step, annotation):
        yield from _of_class(session, step, name)


def _of_class(session: Session, step: Step, name: str) -> Iterator[Problem]:
    node = _definition(session, name)
    if not isinstance(node, ast.ClassDef):
        return
    methods = {s.name: s for s in node.body if isinstance(s, (ast.FunctionDef, ast.AsyncFunctionDef))}
    written = _OWN_STATE & methods.keys()
    reasons = _by_address(methods[m] for m in sorted(written)) if written else _not_picklable(node, methods)
    for attribute, what in reasons:
        yield _warning(
            "unstable-type", f"{step.call} returns {node.name}, {what.format(attribute)}", _LEFT_OUT
        )  # fmt: skip


def _not_picklable(
    node: ast.ClassDef, methods: dict[str, ast.FunctionDef | ast.AsyncFunctionDef]
) -> Iterator[tuple[str, str]]:
    """(attribute, why), of what instances hold and no pickle can."""
    for s in node.body:
        if isinstance(s, ast.AnnAssign) and isinstance(s.target, ast.Name):
            found = _OPEN.search(ast.unparse(s.annotation))
            if found is not None:
                yield s.target.id, f"whose {{!r}} is a {found[1] or found[2]}, which cannot be stored"
    init = methods.get("__init__")
    for part in ast.walk(init) if init is not None else ():
        if not isinstance(part, ast.Assign) or not _is_of_self(part.targets[0]):
            continue
        attribute = ast.unparse(part.targets[0]).partition(".")[2]
        if isinstance(part.value, ast.Lambda):
            yield attribute, "whose {!r} is a lambda, which cannot be stored"
        elif isinstance(part.value, ast.GeneratorExp):
            yield attribute, "whose {!r} is a generator, which cannot be stored"
        elif isinstance(part.value, ast.Call) and (what := _MADE_OPEN.get(ast.unparse(part.value.func))):
            yield attribute, f"whose {{!r}} is {what}, which cannot be stored"


def _by_address(methods: Iterator[ast.FunctionDef | ast.AsyncFunctionDef]) -> Iterator[tuple[str, str]]:
    """What a class's own way of pickling writes down that is another in each process."""
    for method in methods:
        for node in ast.walk(method):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in ("id", "hash")
            ):
                yield method.name, f"whose {{}} writes {node.func.id}(...) down, another in each process"
                break


# ---- source ----------------------------------------------------------------------------------------


def _called(session: Session, call: str) -> ast.stmt | None:
    """The definition of a callable; of the same name elsewhere if it is imported from there."""
    reached = session.code.fingerprint(call).where
    label = call.partition(":")[2]
    found = call if call in reached else next((d for d in reached if d.partition(":")[2] == label), None)
    return _definition(session, found) if found is not None else None


def _definition(session: Session, name: str) -> ast.stmt | None:
    source = session.code.source_of(name)
    body = ast.parse(source).body if source else []
    return body[0] if len(body) == 1 else None


def _project_classes(session: Session, step: Step, annotation: str) -> list[str]:
    """Definitions of the project that the callable reaches and its return annotation names."""
    words = set(re.findall(r"[A-Za-z_]\w*", annotation))
    return [d for d in session.recipes.recipe(step.name).where if d.partition(":")[2] in words]


def _yields(function: ast.FunctionDef) -> bool:
    """Whether a function is a generator: a yield of its own, not of one within."""
    left: list[ast.AST] = list(function.body)
    while left:
        node = left.pop()
        if isinstance(node, (ast.Yield, ast.YieldFrom)):
            return True
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            left.extend(ast.iter_child_nodes(node))
    return False


def _is_of_self(target: ast.expr) -> bool:
    return (
        isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == "self"
    )


def _warning(code: str, message: str, hint: str) -> Problem:
    return Problem(code, message, None, hint, "warning")
