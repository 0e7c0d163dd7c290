"""The first worker, started before the engine is loaded: it takes longer to be ready than that."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..engine.results import Unknown
from ..errors import PrunError
from ..model.graph import Files
from .wiring import engine_for

if TYPE_CHECKING:
    from ..engine.ports import Pool
    from .selection import Selected
    from .session import Session


@contextmanager
def first_worker(session: Session, selected: Selected, backend: str, workers: int) -> Iterator[Pool | None]:
    """A pool whose first worker starts already, where the first step is sure to need one.

    Else None: the run opens a pool when it finds that something has to be computed.
    """
    pool = _open(session, backend, workers) if backend == "loky" and _is_missing(session, selected) else None
    try:
        if pool is not None:
            pool.expect()
        yield pool
    finally:
        if pool is not None:
            pool.close()


def _open(session: Session, backend: str, workers: int) -> Pool | None:
    from ..workers.pools import open_pool

    try:
        return open_pool(backend, workers, session.project)
    except (PrunError, OSError):  # the run will say it
        return None


def _is_missing(session: Session, selected: Selected) -> bool:
    """Whether the first step has no result. Where that takes long to tell it is left to the run."""
    step = next(iter(selected.graph.steps.values()))
    if step.fanout is not None or any(isinstance(binding, Files) for binding in step.args.values()):
        return False
    if step.name not in selected.chosen or session.paranoid or not session.store.files.is_local:
        return False
    _, _, preparer = engine_for(session, selected.graph, "first", selected.forced)
    try:
        found = preparer.candidates(step, [0])
        if not found.items or not preparer.reusable(step):
            return bool(found.items)
        return bool(preparer.look_up(step, found.recipe, found.args).table.missing())
    except (PrunError, Unknown):  # likewise
        return False
