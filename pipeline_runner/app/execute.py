"""One run, put together: engine, workers, store, record and observers."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from typing import Any, NamedTuple

from ..engine.dispatch import Dispatcher
from ..engine.hooks import Hook
from ..engine.jobs import Jobs, Settings
from ..engine.loop import Loop
from ..engine.ports import Pool
from ..engine.publishing import Publishing
from ..engine.reuse import Reuse
from ..engine.state import State
from ..errors import PrunError, StoreError
from ..model import event as ev
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
from .selection import Selected
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


class Asked(NamedTuple):
    """How a run is to go."""

    backend: str
    workers: int
    fail_fast: bool = False
    publish: bool = True
    observers: Sequence[Callable[[Any], None]] = ()
    printed: Printer | None = None
    pool: Pool | None = None  # one that is open already


def execute(session: Session, selected: Selected, asked: Asked, stamps: Stamps | None = None) -> Run:
    """Run (a part of) a pipeline to its end and leave its record in the store."""
    return _Execution(session, selected, asked, stamps).run()


class _Execution:
    """The parts of one run. The record is closed when the loop says that the tasks are over."""

    def __init__(self, session: Session, selected: Selected, asked: Asked, stamps: Stamps | None) -> None:
        self.session = session
        self.selected = selected
        self.asked = asked
        self.stamps = stamps
        self.graph = graph = selected.graph
        self.store = store = session.store
        clock = SystemClock()
        self.run_id = run_id_after(store, session.history.runs(), clock.wall())
        self.binder, expander, self.preparer = engine_for(session, graph, self.run_id, selected.forced)
        self.expected = {n: s for n in graph.steps if (s := session.history.seconds(n)) is not None}
        self.recorder = Recorder(store, self.run_id, graph, session.params, clock.wall())
        self.events = EventRecord(store.runs, self.run_id)
        self.publisher = FilePublisher(store, graph.root, cache(partial(Sources, session, graph)))
        about = partial(begun, self.recorder, session.recipes)
        self.reached = Reached(store, self.run_id, self.binder.results, about)
        self.told: list[Callable[[Any], None]] = [self.recorder, self.events, *asked.observers]
        self.notes = _Notes(self.recorder)
        self.refused: StoreError | None = None  # why nothing can be kept in the store
        self.closed: tuple[dict[str, Any], float] | None = None  # the record, and what the run took

        limits = limits_of(graph, self.binder, asked.workers)
        state = State(
            graph, seconds=self.expected, fail_fast=asked.fail_fast, workers=asked.workers, limits=limits
        )
        dispatcher = Dispatcher(self._pool, asked.workers)
        jobs = Jobs(self.preparer, Settings(self.run_id, store.place, session.project))
        publishing = Publishing(jobs, dispatcher, self.publisher, enabled=asked.publish)
        self.loop = Loop(
            state, Reuse(self.preparer, session.history), expander, publishing, jobs, dispatcher, clock,
            [self.recorder, self.reached, self.events, *self._seeing()],
        )  # fmt: skip
        self.loop.aside = partial(self.recorder.ahead, self.binder.results)

    def run(self) -> Run:
        self._begin()
        status = CANCELLED
        try:
            with stoppable(self.loop, partial(_stopping, self.asked.observers)), _few_collections():
                status = self.loop.run(self._over)
        except StoreError as error:
            if error is self.refused:  # nothing was run: there is no more to tell
                self.told.clear()
            raise
        finally:
            record = self._end(status)
        self.store.entries.lookup((), refresh=True)  # workers have written since folders were listed here
        run = Run(record, self.store, graph=self.graph)
        run.notes = [*self.store.notes(), *self.notes.told()]
        return run

    # ---- from its beginning to its end -----------------------------------------------------------

    def _begin(self) -> None:
        names = tuple(name for name in self.graph.steps if name in self.selected.chosen)
        sizes = self.session.history.sizes(self.graph)
        needs = {name: self.graph.steps[name].needs for name in names}
        backend, workers = self.asked.backend, self.asked.workers
        started = ev.RunStarted(
            0.0, self.run_id, self.graph.name, names, backend, workers, None, self.expected, sizes, needs
        )
        _tell(self.told, started)
        self.runner = Runner(self.store, self.run_id)
        self.refused = self.recorder.begin()

    def _over(self, status: str) -> list[Hook]:
        """Close the record, then say what is to be called; a hook may look at the record."""
        session, recorder, results = self.session, self.recorder, self.binder.results
        seconds = self.loop.at()
        self.notes.keep(lambda: recorder.keep_recipes(self.store, session.recipes))
        record = recorder.end(status, seconds, results)
        self.reached.close()
        self.notes.keep(lambda: session.history.write(recorder.latest(session.history.latest, results)))
        self.notes.keep(self.publisher.save)
        session.save_indexes()
        # another run may have replaced (by `--force`) what was looked up here: that is not kept as it was
        if self.runner.was_alone():
            self.binder.fanouts.keep(self.preparer.known, results)
            if status == SUCCEEDED and recorder.unwritten is None:
                self._stamp()
        self.closed = record, seconds
        return hooks_of(record, self.graph) if self.asked.publish else []

    def _stamp(self) -> None:
        """Of a whole pipeline that ended well: that all is up to date now."""
        if self.stamps is not None and len(self.selected.chosen) == len(self.session.graph.steps):
            self.stamps.keep(
                self.run_id, self.graph, self.recorder, self.binder, self.publisher,
                publish=self.asked.publish,
            )  # fmt: skip

    def _end(self, status: str) -> dict[str, Any]:
        if self.closed is None:
            self._over(CANCELLED)
        assert self.closed is not None
        if isinstance(self.store.files, LocalFiles):
            self.store.files.disown(self.run_id)
        self.runner.close()
        record, seconds = self.closed
        _tell(self.told, ev.RunFinished(seconds, status))
        return record

    # ---- workers and observers -------------------------------------------------------------------

    def _pool(self) -> Pool:
        from ..workers.pools import open_pool

        if self.refused is not None and self.closed is None:  # whatever would be computed could not be kept
            raise self.refused
        try:
            pool = self.asked.pool or open_pool(self.asked.backend, self.asked.workers, self.session.project)
        except PrunError:
            del self.told[2:]  # nothing was run, which is all that is told: the record still hears of its end
            raise
        return listening(pool, self.store.runs, self.events, self.asked.printed, self._beat)

    def _beat(self) -> None:
        self.runner.beat()
        self.reached.look()

    def _seeing(self) -> Sequence[Callable[[Any], None]]:
        """The observers, who see nothing of steps that were not selected."""
        chosen = self.selected.chosen
        if len(chosen) == len(self.graph.steps):
            return self.asked.observers
        return [_only(chosen, observer) for observer in self.asked.observers]


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
