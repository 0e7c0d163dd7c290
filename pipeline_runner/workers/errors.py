"""An exception of the user's code as data: message, class names, the frames that are the user's."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any

from ..model.outcome import ErrorInfo
from ..model.work import Project
from .imports import is_project_file

Mask = Callable[[str], str]

_OURS = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_MACHINERY = (os.sep + "joblib" + os.sep, os.sep + "loky" + os.sep)
_LONG = 14  # a run of library frames longer than this is shortened
_FIRST, _LAST = 3, 6
_MESSAGE = 500


def describe(
    exc: BaseException,
    project: Project,
    mask: Mask = str,
    *,
    kind: str = "exception",
    message: str = "",
    hint: str = "",
) -> ErrorInfo:
    """Never raises, whatever the exception does when it is asked for its text."""
    return ErrorInfo(
        kind,
        mask(one_line(message or headline(exc))),
        type_names(exc),
        mask(user_traceback(exc) if kind != "bug" else _whole_traceback(exc)),
        where(exc, project),
        mask(hint),
    )


def type_names(exc: BaseException) -> tuple[str, ...]:
    """Bare and qualified names of its classes, most special first."""
    names: dict[str, None] = {}
    for cls in type(exc).__mro__:
        if cls is object:
            continue
        names[cls.__name__] = None
        names[f"{cls.__module__}.{cls.__qualname__}"] = None
    return tuple(names)


def headline(exc: BaseException) -> str:
    """``ValueError: no rows``."""
    name = type(exc).__qualname__
    if type(exc).__module__ not in ("builtins", "__main__"):
        name = f"{type(exc).__module__}.{name}"
    text = _text(exc)
    return f"{name}: {text}" if text else name


def one_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        return ""
    first = lines[0] if len(lines) == 1 else lines[0] + " ..."
    return first if len(first) <= _MESSAGE else first[: _MESSAGE - 4] + " ..."


def _text(exc: BaseException) -> str:
    try:
        return str(exc)
    except BaseException:
        return "<its text cannot be made: str() raised>"


def user_traceback(exc: BaseException) -> str:
    """The traceback without the frames of prun, joblib and the import system."""
    try:
        tree = traceback.TracebackException(type(exc), exc, exc.__traceback__, compact=True)
        _clean(tree, set())
        return "".join(tree.format())
    except BaseException:
        return headline(exc) + "\n"


def _whole_traceback(exc: BaseException) -> str:
    """Of a bug of ours all frames count."""
    try:
        return "".join(traceback.format_exception(exc))
    except BaseException:
        return headline(exc) + "\n"


def _clean(tree: Any, seen: set[int]) -> None:
    if tree is None or id(tree) in seen:
        return
    seen.add(id(tree))
    tree.stack = _Stack(_user_frames(tree.stack))
    _clean(tree.__cause__, seen)
    _clean(tree.__context__, seen)
    for inner in getattr(tree, "exceptions", None) or ():
        _clean(inner, seen)


def _user_frames(frames: Iterable[traceback.FrameSummary]) -> list[traceback.FrameSummary]:
    kept = [f for f in frames if not _machinery(f.filename)]
    for i, frame in enumerate(kept):
        if is_project_file(frame.filename):
            return kept[i:]
    return kept


def _machinery(file: str) -> bool:
    return file.startswith((_OURS, "<frozen ")) or any(part in file for part in _MACHINERY)


class _Stack(traceback.StackSummary):
    """A stack whose long runs of library frames are shortened when it is written."""

    def format(self, **options: Any) -> list[str]:
        lines: list[str] = []
        for library, run in _runs(self):
            if library and len(run) > _LONG:
                lines += traceback.StackSummary.from_list(run[:_FIRST]).format(**options)
                lines.append(f"  ... {len(run) - _FIRST - _LAST} frames of libraries ...\n")
                run = run[-_LAST:]
            lines += traceback.StackSummary.from_list(run).format(**options)
        return lines


def _runs(frames: Iterable[traceback.FrameSummary]) -> list[tuple[bool, list[traceback.FrameSummary]]]:
    runs: list[tuple[bool, list[traceback.FrameSummary]]] = []
    for frame in frames:
        library = not is_project_file(frame.filename)
        if not runs or runs[-1][0] is not library:
            runs.append((library, []))
        runs[-1][1].append(frame)
    return runs


def where(exc: BaseException, project: Project) -> tuple[str, int, str] | None:
    """File (relative to the project), line and function of the innermost frame of the user's."""
    found: tuple[str, int, str] | None = None
    tb: TracebackType | None = exc.__traceback__
    while tb is not None:
        code = tb.tb_frame.f_code
        if is_project_file(code.co_filename):
            found = (relative(code.co_filename, project), tb.tb_lineno or 0, code.co_name)
        tb = tb.tb_next
    if isinstance(exc, SyntaxError) and is_project_file(exc.filename):
        return relative(exc.filename or "", project), exc.lineno or 0, ""
    return found


def relative(file: str, project: Project) -> str:
    path = os.path.abspath(file)
    root = project.root.rstrip(os.sep) + os.sep
    return path[len(root) :] if path.startswith(root) else path


def timed_out(seconds: float) -> ErrorInfo:
    return ErrorInfo("timeout", f"timed out after {duration(seconds)}", ("timeout", "TimeoutError"))


def duration(seconds: float) -> str:
    """``30m``, ``1h 30m``, ``1.5s``, as time-outs are written."""
    if seconds < 1:
        return f"{seconds * 1000:g}ms"
    parts = []
    for name, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= size:
            parts.append(f"{int(seconds // size)}{name}")
            seconds %= size
    if seconds or not parts:
        parts.append(f"{seconds:g}s")
    return " ".join(parts)
