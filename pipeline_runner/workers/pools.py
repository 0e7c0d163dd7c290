"""Opening the pool that a backend's name stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import Problem, PrunError

if TYPE_CHECKING:
    from ..engine.ports import Pool
    from ..model.work import Project

DEFAULT = "loky"
BACKENDS = ("loky", "threading", "sequential")
_LATER = ("dask", "ray", "spark", "multiprocessing")


def open_pool(backend: str | None, workers: int, project: Project) -> Pool:
    """Raises ``PrunError`` for a backend that there is not. joblib is imported by the pool, not before."""
    name = backend or DEFAULT
    problem = backend_problem(name)
    if problem is not None:
        raise PrunError(problem)
    if name == "loky":
        from .loky_pool import LokyPool

        return LokyPool(max(1, workers), project)
    from .inline_pool import SequentialPool, ThreadingPool

    return SequentialPool(project) if name == "sequential" else ThreadingPool(max(1, workers), project)


def backend_problem(backend: str) -> Problem | None:
    """What is wrong with this name, for `check` too."""
    if backend in BACKENDS:
        return None
    hint = "there are: " + ", ".join(BACKENDS)
    if backend in _LATER:
        return Problem("backend", f"the backend {backend!r} is not built yet", None, hint)
    return Problem("backend", f"there is no backend {backend!r}", None, hint)
