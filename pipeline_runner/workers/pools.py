"""Opening the pool that a backend's name stands for."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import Problem, PrunError

if TYPE_CHECKING:
    from ..engine.ports import Pool
    from ..model.work import Project

DEFAULT = "loky"
BACKENDS = ("loky", "threading", "sequential", "multiprocessing")
_LATER = ("dask", "ray", "spark")


class Traits(NamedTuple):
    """What a backend can do."""

    isolates: bool  # a task has a process to itself, and with it an environment
    stops: bool  # a task can be stopped


_KNOWN = {
    "loky": Traits(True, True),
    "threading": Traits(False, False),
    "sequential": Traits(False, True),  # Python code at least
    "multiprocessing": Traits(True, True),
}


def open_pool(backend: str | None, workers: int, project: Project) -> Pool:
    """Raises ``PrunError`` for a backend that there is not. joblib is imported by the pool, not before."""
    name = backend or DEFAULT
    problem = backend_problem(name, project)
    if problem is not None:
        raise PrunError(problem)
    if name == "loky":
        from .loky_pool import LokyPool

        return LokyPool(max(1, workers), project)
    if name not in ("sequential", "threading"):
        from .joblib_pool import JoblibPool

        return JoblibPool(name, max(1, workers), project)
    from .inline_pool import SequentialPool, ThreadingPool

    return SequentialPool(project) if name == "sequential" else ThreadingPool(max(1, workers), project)


def backend_problem(backend: str, project: Project | None = None) -> Problem | None:
    """What is wrong with this name, for `check` too.

    ``MODULE:NAME`` is a backend that the module registers when it is imported. That may be the user's
    code: without a ``project`` it is left alone, and only the name's form looked at.
    """
    if backend in BACKENDS:
        return None
    if backend in _LATER:
        return Problem("backend", f"the backend {backend!r} is not built yet", None, _there_are(BACKENDS))
    module, colon, name = backend.rpartition(":")
    if colon and not (name and all(part.isidentifier() for part in module.split("."))):
        return Problem("backend", f"{backend!r} is no backend's name", None, "write it as MODULE:NAME")
    if colon and project is None:
        return None
    try:
        if project is not None and module:
            _import(module, project)
        found = _registered(name)
    except Exception as error:
        what = f"the backend {backend!r} cannot be loaded: {type(error).__name__}: {error}"
        return Problem("backend", what)
    if name in found:
        return None
    if module:
        what = f"the module {module} registers no joblib backend {name!r}"
        return Problem("backend", what, None, _there_are(sorted(set(found) - set(BACKENDS))))
    hint = _there_are((*BACKENDS, *sorted(set(found) - set(BACKENDS) - set(_LATER))))
    hint += "; MODULE:NAME is one that a module registers with joblib"
    return Problem("backend", f"there is no backend {backend!r}", None, hint)


def backend_traits(backend: str) -> Traits:
    """Of a backend of others: what its class says, where joblib has it by now."""
    if backend in _KNOWN:
        return _KNOWN[backend]
    parallel = sys.modules.get("joblib.parallel")
    kind = getattr(parallel, "BACKENDS", {}).get(backend.rpartition(":")[2])
    threads = getattr(kind, "uses_threads", False) or getattr(kind, "supports_sharedmem", False)
    return Traits(not threads, False)


def _registered(name: str) -> list[str]:
    """The names that joblib knows. What registers itself when it is first asked for does so now."""
    parallel: Any = importlib.import_module("joblib.parallel")
    if name not in parallel.BACKENDS and name in parallel.EXTERNAL_BACKENDS:
        parallel.EXTERNAL_BACKENDS[name]()
    return list(parallel.BACKENDS)


def _import(module: str, project: Project) -> None:
    before = sys.path[:]
    sys.path[:] = [*project.path, *(entry for entry in sys.path if entry not in project.path)]
    try:
        importlib.import_module(module)
    finally:
        sys.path[:] = before


def _there_are(names: tuple[str, ...] | list[str]) -> str:
    return "there are: " + ", ".join(names) if names else "there are none of others"
