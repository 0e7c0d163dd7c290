"""One run, put together: engine, workers, store, record and observers."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from typing import Any

from ..engine.dispatch import Dispatcher
from ..engine.hooks import Hook
from ..engine.jobs import Jobs, Settings
from ..engine.loop import Loop
from ..engine.ports import Pool
from ..engine.publishing import Publishing
from ..engine.reuse import Reuse
from ..engine.state import State
from ..errors import StoreError
from ..model import event as ev
from ..model.graph import Graph
from ..model.outcome import CANCELLED, SUCCEEDED
from ..store.local import LocalFiles
from .events import EventRecord
from .hooking import hooks_of
from .limits import limits_of
from .live_logs import Printer, listening
from .publisher import FilePublisher
from .reached import Reached, begun
from .record import Recorder
from .records import run_id_after
from .run import Run
from .runner import Runner
from .session import Session
from .sources import Sources
from .stopping import stoppable
from .warm import Stamps
from .wiring import engine_for


class SystemClock:
    """Monotonic time for time-outs and order; wall time for people only."""

    def now(self) -> float:
        return time.monotonic()

    def wall(self) -> float:
        return time.time()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def execute(
    session: Session,
    graph: Graph,
    chosen: frozenset[str],
    forced: frozenset[str],
    *,
    backend: str,
    workers: int,
    fail_fast: bool,
    observers: Sequence[Callable[[Any], None]],
    publish: bool,
    stamps: Stamps | None = None,
    printed: Printer | None = None,
) -> Run:
    """Run (a part of) a pipeline to its end and leave its record in the store."""
    from ..workers.pools import open_pool

    clock = SystemClock()
    store = session.store
    history = session.history
    run_id = run_id_after(store, history.runs(), clock.wall())
    binder, expander, preparer = engine_for(session, graph, run_id, forced)
    expected = {name: s for name in graph.steps if (s := history.seconds(name)) is not None}
    limits = limits_of(graph, binder, workers)
    state = State(graph, seconds=expected, fail_fast=fail_fast, workers=workers, limits=limits)
    recorder = Recorder(store, run_id, graph, session.params, clock.wall())
    events = EventRecord(store.runs, run_id)
    publisher = FilePublisher(store, graph.root, cache(partial(Sources, session, graph)))
    reached = Reached(store, run_id, binder.results, partial(begun, recorder, session.recipes))
    seen = list(observers) if len(chosen) == len(graph.steps) else [_only(chosen, o) for o in observers]

    def pool() -> Pool:
        if refused is not None and not closed:  # whatever would be computed could not be kept
            raise refused
        workers_ = open_pool(backend, workers, session.project)
        return listening(workers_, store.runs, events, printed, beat)

    def beat() -> None:
        runner.beat()
        reached.look()

    dispatcher = Dispatcher(pool, workers)
    jobs = Jobs(preparer, Settings(run_id, store.place, session.project))
    publishing = Publishing(jobs, dispatcher, publisher, enabled=publish)
    loop = Loop(
        state, Reuse(preparer, history), expander, publishing, jobs, dispatcher, clock,
        [recorder, reached, events, *seen],
    )  # fmt: skip
    told: list[Callable[[Any], None]] = [recorder, events, *observers]
    names = tuple(name for name in graph.steps if name in chosen)
    needs = {name: graph.steps[name].needs for name in names}
    started = ev.RunStarted(
        0.0, run_id, graph.name, names, backend, workers, None, expected, history.sizes(graph), needs
    )
    _tell(told, started)
    runner = Runner(store, run_id)
    refused = recorder.begin()
    notes = _Notes(recorder)
    closed: list[tuple[dict[str, Any], float]] = []

    def over(status: str) -> list[Hook]:
        """Close the record, then say what is to be called; a hook may look at the record."""
        nonlocal stamps
        seconds = loop.at()
        notes.keep(lambda: recorder.keep_recipes(store, session.recipes))
        record = recorder.end(status, seconds, binder.results)
        reached.close()
        notes.keep(lambda: history.write(recorder.latest(history.latest, binder.results)))
        notes.keep(publisher.save)
        binder.fanouts.keep(preparer.known, binder.results)
        session.save_indexes()
        whole = status == SUCCEEDED and recorder.unwritten is None
        if stamps is not None and whole and len(chosen) == len(session.graph.steps):
            stamps = Stamps(session, stamps.graph_id)
            stamps.keep(run_id, graph, recorder, binder, publisher, publish=publish)
        closed.append((record, seconds))
        return hooks_of(record, graph) if publish else []

    status = CANCELLED
    try:
        with stoppable(loop, partial(_stopping, observers)), _few_collections():
            status = loop.run(over)
    except StoreError as error:
        if error is refused:  # nothing was run: there is no more to tell
            told.clear()
        raise
    finally:
        if not closed:
            over(CANCELLED)
        if isinstance(store.files, LocalFiles):
            store.files.disown(run_id)
        runner.close()
        record, seconds = closed[0]
        _tell(told, ev.RunFinished(seconds, status))
    store.entries.lookup((), refresh=True)  # workers have written since folders were listed here
    run = Run(record, store, graph=graph)
    run.notes = [*store.notes(), *notes.told()]
    return run


class _Notes:
    """A run that is over must be told, even where its record cannot be kept any more."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._error: StoreError | None = None

    def keep(self, work: Callable[[], None]) -> None:
        try:
            work()
        except StoreError as error:
            self._error = error

    def told(self) -> list[str]:
        error = self._recorder.unwritten or self._error
        return [] if error is None else [f"the run's record is not complete: {error}"]


def _tell(observers: Sequence[Callable[[Any], None]], event: ev.Event) -> None:
    for observer in observers:
        observer(event)


def _stopping(observers: Sequence[Callable[[Any], None]], grace: float) -> None:
    """Tell those who want to know that the run was asked to stop."""
    for observer in observers:
        tell = getattr(observer, "stopping", None)
        if tell is not None:
            tell(grace)


def _only(chosen: frozenset[str], observer: Callable[[Any], None]) -> Callable[[Any], None]:
    """Keep events of steps that were not selected from an observer."""

    def filtered(event: Any) -> None:
        if getattr(event, "step", None) is None or event.step in chosen:
            observer(event)

    return filtered


@contextmanager
def _few_collections() -> Iterator[None]:
    """A run makes many small values that live to its end: looking through them again and again for
    garbage would take longer than the rest of the bookkeeping."""
    before = gc.get_threshold()
    gc.set_threshold(max(before[0], 100_000), 20, 100)
    try:
        yield
    finally:
        if not gc.get_freeze_count():  # what there is now counts as old, without being looked through
            gc.freeze()
            gc.unfreeze()
        gc.set_threshold(*before)
